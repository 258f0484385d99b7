-- What later calls find this one by: the caller's numbers, and the matters with a sketch of their words that tells how
-- much two texts share, not what they say. Erased with the call's words.

CREATE TABLE caller_number (
    number          TEXT NOT NULL, -- international form where it is known, else digits
    call            TEXT NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    started_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (number, started_unix_ms, call)
) STRICT, WITHOUT ROWID;
CREATE INDEX caller_number_of_call ON caller_number (call);

CREATE TABLE matter (
    call            TEXT NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    nth             INTEGER NOT NULL, -- place among the call's matters
    category        TEXT NOT NULL,
    place           TEXT NOT NULL,    -- folded; empty when none was named
    gist            TEXT NOT NULL,    -- JSON, hashes of word pairs, ascending
    started_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (call, nth)
) STRICT, WITHOUT ROWID;
CREATE INDEX matter_of_category ON matter (category, started_unix_ms);
