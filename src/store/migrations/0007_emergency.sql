-- An emergency within a call: what was raised, and the event that is owed to the endpoints beside the draft.

CREATE TABLE emergency (
    call                 TEXT PRIMARY KEY NOT NULL REFERENCES call (id) ON DELETE CASCADE, -- one a call
    service              TEXT NOT NULL,
    number               TEXT NOT NULL, -- what the caller is told to dial
    quote                TEXT NOT NULL, -- the hazard words
    start_ms             INTEGER NOT NULL,
    end_ms               INTEGER NOT NULL,
    heard_in             TEXT NOT NULL,
    raised_unix_ms       INTEGER NOT NULL,
    body                 TEXT NOT NULL, -- frozen, as a draft's is
    acknowledged_unix_ms INTEGER,
    acknowledged_by      TEXT,
    reason               TEXT,          -- of whoever acknowledged it
    escalated_unix_ms    INTEGER
) STRICT, WITHOUT ROWID;

-- Nobody has taken these, and nobody was told so yet.
CREATE INDEX emergency_open ON emergency (raised_unix_ms)
    WHERE acknowledged_unix_ms IS NULL AND escalated_unix_ms IS NULL;

-- A delivery is of a draft's version, or, without one, of the call's emergency event. SQLite drops no constraint, so
-- the table is made anew; the attempts go with it, or dropping the old one would remove them.
CREATE TABLE delivery_new (
    id                   TEXT PRIMARY KEY NOT NULL, -- also the webhook-id of every attempt
    call                 TEXT NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    draft                TEXT,
    version              INTEGER,
    endpoint             TEXT NOT NULL,
    state                TEXT NOT NULL,
    attempts             INTEGER NOT NULL DEFAULT 0,
    next_attempt_unix_ms INTEGER NOT NULL,
    last_status          INTEGER,
    last_error           TEXT,
    delivered_unix_ms    INTEGER,
    created_unix_ms      INTEGER NOT NULL,
    UNIQUE (endpoint, draft, version),
    CHECK ((draft IS NULL) = (version IS NULL)),
    FOREIGN KEY (draft, version) REFERENCES draft (id, version) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO delivery_new SELECT id, call, draft, version, endpoint, state, attempts, next_attempt_unix_ms, last_status,
    last_error, delivered_unix_ms, created_unix_ms FROM delivery;

CREATE TABLE delivery_attempt_new (
    delivery   TEXT NOT NULL REFERENCES delivery_new (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL, -- from 1
    at_unix_ms INTEGER NOT NULL,
    status     INTEGER,
    error      TEXT,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;
INSERT INTO delivery_attempt_new SELECT delivery, number, at_unix_ms, status, error FROM delivery_attempt;

DROP TABLE delivery_attempt;
DROP TABLE delivery;
ALTER TABLE delivery_new RENAME TO delivery;
ALTER TABLE delivery_attempt_new RENAME TO delivery_attempt;

CREATE INDEX delivery_of_call ON delivery (call);
CREATE INDEX delivery_of_draft ON delivery (draft, version) WHERE draft IS NOT NULL;
CREATE UNIQUE INDEX delivery_of_emergency ON delivery (call, endpoint) WHERE draft IS NULL;
CREATE INDEX delivery_due ON delivery (next_attempt_unix_ms, created_unix_ms, id) WHERE state = 'pending';
CREATE INDEX delivery_urgent ON delivery (next_attempt_unix_ms) WHERE state = 'pending' AND draft IS NULL;
CREATE INDEX delivery_dead ON delivery (created_unix_ms, id) WHERE state = 'dead';

-- The built-in endpoint takes both.
ALTER TABLE inbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'draft';
