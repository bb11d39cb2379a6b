-- What a dataset wants, what became of it, and every try. Times are integer microseconds (UTC where they are dates).
-- `key` columns are for joins inside this file only; outside, a video and a clip are known by their text ids.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The folder that a split or label was given first; a later list must find the same one.
CREATE TABLE folder (
    kind   TEXT NOT NULL CHECK (kind IN ('split', 'label')),
    name   TEXT NOT NULL,
    folder TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE dataset (
    key  INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- One list under one selection. The counts belong to the list and never change.
CREATE TABLE plan (
    key         INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    selection   TEXT NOT NULL,
    recipe_id   TEXT NOT NULL,
    dataset_key INTEGER NOT NULL REFERENCES dataset,
    row_count   INTEGER NOT NULL DEFAULT 0,
    duplicates  INTEGER NOT NULL DEFAULT 0,
    UNIQUE (sha256, selection, dataset_key)
) STRICT;

-- `attempts` counts the outcomes that cost an attempt and fences off outcomes of older jobs.
CREATE TABLE video (
    key      INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Keys grow in the order of first appearance. Narrow on purpose: a resume walks over every row.
-- `not_before_us` 0 means: at once, but not again in the session `session_key`.
-- `attempt_key` is the attempt that gave the clip its present state or reason.
CREATE TABLE clip (
    key           INTEGER PRIMARY KEY,
    video_key     INTEGER NOT NULL REFERENCES video,
    start_us      INTEGER NOT NULL CHECK (start_us >= 0),
    end_us        INTEGER NOT NULL CHECK (end_us > start_us),
    state         TEXT NOT NULL DEFAULT 'wanted' CHECK (state IN ('wanted', 'done', 'lost')),
    reason        TEXT,
    attempts      INTEGER NOT NULL DEFAULT 0,
    last_at_us    INTEGER,
    not_before_us INTEGER NOT NULL DEFAULT 0,
    session_key   INTEGER REFERENCES session,
    attempt_key   INTEGER REFERENCES attempt,
    UNIQUE (video_key, start_us, end_us)
) STRICT;

CREATE INDEX clip_waiting ON clip (not_before_us) WHERE state = 'wanted' AND not_before_us > 0;

-- The clips of a plan in the order of its list.
CREATE TABLE member (
    clip_key INTEGER NOT NULL REFERENCES clip,
    plan_key INTEGER NOT NULL REFERENCES plan,
    position INTEGER NOT NULL,
    PRIMARY KEY (clip_key, plan_key)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX member_order ON member (plan_key, position);

-- What a dataset says of a clip. No split and no label are ''. `plan_key` is the last plan that named it.
-- `unlinked` is 1 while the clip is there but not yet under this path.
CREATE TABLE annotation (
    clip_key    INTEGER NOT NULL REFERENCES clip,
    dataset_key INTEGER NOT NULL REFERENCES dataset,
    split       TEXT NOT NULL,
    label       TEXT NOT NULL,
    plan_key    INTEGER NOT NULL REFERENCES plan,
    position    INTEGER NOT NULL,
    path        TEXT NOT NULL,
    extra       TEXT NOT NULL,
    unlinked    INTEGER NOT NULL DEFAULT 0 CHECK (unlinked IN (0, 1)),
    PRIMARY KEY (clip_key, dataset_key, split, label)
) STRICT, WITHOUT ROWID;

CREATE INDEX annotation_unlinked ON annotation (path) WHERE unlinked = 1;

CREATE TABLE bad_row (
    plan_key INTEGER NOT NULL REFERENCES plan,
    line     INTEGER NOT NULL,
    text     TEXT NOT NULL,
    message  TEXT NOT NULL
) STRICT;

CREATE TABLE session (
    key           INTEGER PRIMARY KEY,
    started_at_us INTEGER NOT NULL,
    stopped_at_us INTEGER,
    stopped_by    TEXT,
    tools         TEXT NOT NULL,
    options       TEXT NOT NULL,
    last_at_us    INTEGER,
    done          INTEGER NOT NULL DEFAULT 0,
    failed        INTEGER NOT NULL DEFAULT 0,
    fetched_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Append-only: every try with its raw text. `verdict` is 1 on the one try that counted for its clip
-- where an outcome has several, one for each source asked.
CREATE TABLE attempt (
    key           INTEGER PRIMARY KEY,
    clip_key      INTEGER NOT NULL REFERENCES clip,
    session_key   INTEGER NOT NULL REFERENCES session,
    job_attempt   INTEGER NOT NULL,
    at_us         INTEGER NOT NULL,
    verdict       INTEGER NOT NULL CHECK (verdict IN (0, 1)),
    source        TEXT NOT NULL,
    egress        TEXT NOT NULL,
    tool          TEXT NOT NULL,
    reason        TEXT,
    stage         TEXT,
    http_status   INTEGER,
    detail        TEXT,
    download_us   INTEGER NOT NULL,
    trim_us       INTEGER NOT NULL,
    total_us      INTEGER NOT NULL,
    fetched_bytes INTEGER NOT NULL,
    requests      INTEGER NOT NULL
) STRICT;

CREATE INDEX attempt_clip ON attempt (clip_key);

-- What verification found in the file of a done clip.
CREATE TABLE stored (
    clip_key        INTEGER PRIMARY KEY REFERENCES clip,
    path            TEXT NOT NULL,
    size_bytes      INTEGER NOT NULL,
    sha256          TEXT NOT NULL,
    width_px        INTEGER NOT NULL,
    height_px       INTEGER NOT NULL,
    fps_numerator   INTEGER NOT NULL,
    fps_denominator INTEGER NOT NULL,
    frames          INTEGER NOT NULL,
    duration_us     INTEGER NOT NULL,
    video_codec     TEXT NOT NULL,
    audio_codec     TEXT,
    format_id       TEXT NOT NULL
) STRICT;

-- `state` is the governor's own text.
CREATE TABLE egress (
    name             TEXT PRIMARY KEY,
    not_before_us    INTEGER,
    permits_per_hour REAL,
    state            TEXT NOT NULL
) STRICT, WITHOUT ROWID;
