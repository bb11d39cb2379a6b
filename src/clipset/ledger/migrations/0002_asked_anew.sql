-- Only attempts after this one count as tries: a clip that is asked for anew on purpose starts from the first.
ALTER TABLE clip ADD COLUMN tries_after INTEGER NOT NULL DEFAULT 0;
