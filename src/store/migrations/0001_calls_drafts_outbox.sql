-- The first schema. Times ending in _unix_ms are wall time, those ending in _ms are media time; columns that
-- hold JSON say so. A migration that was released is never edited: add the next file and list it in open.rs.

CREATE TABLE call (
    id                    TEXT PRIMARY KEY NOT NULL, -- UUIDv7, so text order is time order
    reference             TEXT NOT NULL UNIQUE,
    line                  TEXT NOT NULL,
    state                 TEXT NOT NULL,
    cause                 TEXT,
    party                 TEXT NOT NULL,             -- JSON of Party
    origin                TEXT NOT NULL,             -- JSON of Origin
    dialled               TEXT,
    started_unix_ms       INTEGER NOT NULL,
    answered_unix_ms      INTEGER,
    ended_unix_ms         INTEGER,
    notice_start_ms       INTEGER,
    notice_end_ms         INTEGER,
    duration_ms           INTEGER,
    coverage              TEXT,                      -- JSON of Coverage
    recording_sha256      TEXT,
    recording_duration_ms INTEGER,
    recording_rate        INTEGER,
    lost                  TEXT NOT NULL DEFAULT '[]', -- JSON, spans that were concealed
    dtmf                  TEXT NOT NULL DEFAULT '',
    heard_ms              INTEGER                    -- media time up to which lost, notice and dtmf were noted
) STRICT, WITHOUT ROWID;

-- Boot reads only these, however many calls were finished. A state that nobody knows is not a finished one.
CREATE INDEX call_unfinished ON call (id) WHERE state NOT IN ('done', 'refused');

CREATE TABLE utterance (
    call       TEXT NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    start_ms   INTEGER NOT NULL,
    end_ms     INTEGER NOT NULL,
    outcome    TEXT NOT NULL,
    text       TEXT NOT NULL,
    language   TEXT,
    words      TEXT NOT NULL, -- JSON, list of Word
    confidence REAL NOT NULL,
    model      TEXT NOT NULL,
    PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE live_draft (
    call TEXT PRIMARY KEY NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    body TEXT NOT NULL
) STRICT;

-- Complete drafts. The body is frozen: every delivery posts exactly these bytes.
CREATE TABLE draft (
    id              TEXT NOT NULL,
    version         INTEGER NOT NULL,
    call            TEXT NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    body            TEXT NOT NULL,
    created_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (id, version),
    UNIQUE (call, version)
) STRICT;

CREATE TABLE delivery (
    id                   TEXT PRIMARY KEY NOT NULL, -- also the webhook-id of every attempt
    call                 TEXT NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    draft                TEXT NOT NULL,
    version              INTEGER NOT NULL,
    endpoint             TEXT NOT NULL,
    state                TEXT NOT NULL,
    attempts             INTEGER NOT NULL DEFAULT 0,
    next_attempt_unix_ms INTEGER NOT NULL,
    last_status          INTEGER,
    last_error           TEXT,
    delivered_unix_ms    INTEGER,
    created_unix_ms      INTEGER NOT NULL,
    UNIQUE (endpoint, draft, version),
    FOREIGN KEY (draft, version) REFERENCES draft (id, version) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_of_call ON delivery (call);
CREATE INDEX delivery_of_draft ON delivery (draft, version);
CREATE INDEX delivery_due ON delivery (next_attempt_unix_ms, created_unix_ms, id) WHERE state = 'pending';
CREATE INDEX delivery_dead ON delivery (created_unix_ms, id) WHERE state = 'dead';

CREATE TABLE delivery_attempt (
    delivery   TEXT NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL, -- from 1
    at_unix_ms INTEGER NOT NULL,
    status     INTEGER,
    error      TEXT,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

-- What the built-in endpoint received. No reference to call: it keeps what was posted, whoever posted it.
CREATE TABLE inbox (
    arrival         INTEGER PRIMARY KEY, -- order of arrival
    webhook_id      TEXT NOT NULL UNIQUE,
    idempotency_key TEXT NOT NULL UNIQUE,
    body_sha256     TEXT NOT NULL,
    body            TEXT NOT NULL,
    received_unix_ms INTEGER NOT NULL
) STRICT;
