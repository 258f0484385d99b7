-- What people do with drafts. A review comes to be with the first complete draft of a call, or when somebody claims the
-- call while it is up.

CREATE TABLE review (
    call               TEXT PRIMARY KEY NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    line               TEXT NOT NULL,    -- of the call
    revision           INTEGER NOT NULL, -- rises with every edit, decision, undo and later version of the draft
    complete           INTEGER NOT NULL, -- 0: the call is up, or its words are not all there
    outline            TEXT NOT NULL,    -- JSON of Outline
    rank               INTEGER NOT NULL, -- place among those that wait, of the outline
    due_unix_ms        INTEGER NOT NULL, -- of the outline
    category           TEXT,             -- of the outline
    work               TEXT,             -- JSON of what people entered; null: nothing yet
    holder             TEXT,             -- name of an account
    held_until_unix_ms INTEGER,          -- the lease; past it, nobody holds it
    decision           TEXT,
    decided_by         TEXT,
    decided_unix_ms    INTEGER,
    reason             TEXT,
    unit               TEXT,
    decided_version    INTEGER,          -- of the draft
    undo_until_unix_ms INTEGER
) STRICT;

-- The order of a list first, then what it is filtered by: a rare filter reads the index and not a hundred thousand rows.
CREATE INDEX review_open ON review (rank, call, category, line, holder, held_until_unix_ms)
    WHERE complete = 1 AND decision IS NULL;
CREATE INDEX review_decided ON review (decided_unix_ms, call, category, line, decided_by) WHERE decision IS NOT NULL;
CREATE INDEX review_due ON review (due_unix_ms) WHERE complete = 1 AND decision IS NULL;
CREATE INDEX review_held ON review (holder, held_until_unix_ms) WHERE holder IS NOT NULL;

-- Calls that were completed before this: their reviews are made at the next start, a few at a time.
CREATE TABLE review_owed (
    call TEXT PRIMARY KEY NOT NULL REFERENCES call (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO review_owed SELECT DISTINCT draft.call FROM draft JOIN call ON call.id = draft.call
    WHERE call.state = 'done' AND call.erased_unix_ms IS NULL;

-- Which value of which field somebody has looked at.
CREATE TABLE review_seen (
    call  TEXT NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    field TEXT NOT NULL,
    value TEXT NOT NULL, -- JSON
    PRIMARY KEY (call, field)
) STRICT, WITHOUT ROWID;

-- What people decided otherwise than the machine had read it.
CREATE TABLE correction (
    id         INTEGER PRIMARY KEY,
    call       TEXT NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    draft      TEXT NOT NULL,
    version    INTEGER NOT NULL, -- the decided one
    at_unix_ms INTEGER NOT NULL, -- when it was decided
    by         TEXT NOT NULL,    -- who entered it
    pointer    TEXT NOT NULL,
    field      TEXT NOT NULL,
    category   TEXT,
    kind       TEXT NOT NULL,
    old        TEXT NOT NULL,    -- JSON
    new        TEXT NOT NULL,    -- JSON
    evidence   TEXT NOT NULL     -- JSON, of the old value
) STRICT;
CREATE INDEX correction_of_call ON correction (call);
CREATE INDEX correction_at ON correction (at_unix_ms, id);

-- 1: it may still be taken back. The outbox lets go of it, through the writer, before its first attempt.
ALTER TABLE delivery ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
