-- `node` is the machine's name, '' where it is not known.
ALTER TABLE attempt ADD COLUMN node TEXT NOT NULL DEFAULT '';
ALTER TABLE egress ADD COLUMN node TEXT NOT NULL DEFAULT '';
-- The bytes of its video that hold the clip's pictures and sound, and what is needed to find them; NULL: not known.
ALTER TABLE attempt ADD COLUMN least_bytes INTEGER;
-- What drafts and spooled bytes took on disk together at one moment, at most; NULL: not known.
ALTER TABLE session ADD COLUMN peak_temporary_bytes INTEGER;
