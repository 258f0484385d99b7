-- People of the desk: their accounts, where they are logged in, and what they saw and did.

CREATE TABLE account (
    name               TEXT PRIMARY KEY NOT NULL, -- in lower case
    role               TEXT NOT NULL,
    password           TEXT NOT NULL,             -- argon2id with its salt, as a PHC string
    disabled           INTEGER NOT NULL DEFAULT 0,
    created_unix_ms    INTEGER NOT NULL,
    last_login_unix_ms INTEGER
) STRICT, WITHOUT ROWID;

-- The browser holds the token, this table its SHA-256: who reads the database cannot use a login.
CREATE TABLE login (
    token_sha256  BLOB PRIMARY KEY NOT NULL,
    account       TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    began_unix_ms INTEGER NOT NULL,
    seen_unix_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_of_account ON login (account, seen_unix_ms);

-- Holds names of accounts and ids of calls, nothing that a caller said. It outlives both.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at_unix_ms INTEGER NOT NULL,
    who        TEXT NOT NULL,
    what       TEXT NOT NULL,
    call       TEXT,
    detail     TEXT
) STRICT;
CREATE INDEX audit_of_person ON audit (who, what, call, at_unix_ms);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only ever added to');
END;
CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only ever added to');
END;
-- INSERT OR REPLACE removes without the trigger above.
CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit is only ever added to');
END;
