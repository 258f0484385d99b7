-- What was said in calls and stands in their drafts, to be searched. It is written a moment after the drafts it is of, by a
-- task of its own: `search_owed` says for which calls, so that a stop in between loses nothing and calls of before are found.

CREATE TABLE search_call (
    place INTEGER PRIMARY KEY, -- rises with the start of the call: the newest are found first
    call  TEXT NOT NULL UNIQUE REFERENCES call (id) ON DELETE CASCADE
) STRICT;

-- Its rows keep their terms, which a removal needs to take them out of the index too.
CREATE VIRTUAL TABLE search USING fts5 (terms, tokenize = 'unicode61 remove_diacritics 2');
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);

CREATE TABLE search_owed (
    call TEXT PRIMARY KEY NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    turn INTEGER NOT NULL -- rises while it is owed: what was read before is not written after
) STRICT, WITHOUT ROWID;
INSERT INTO search_owed SELECT DISTINCT draft.call, 1 FROM draft JOIN call ON call.id = draft.call
    WHERE call.erased_unix_ms IS NULL;

CREATE TRIGGER search_draft_made AFTER INSERT ON draft BEGIN
    INSERT INTO search_owed VALUES (NEW.call, 1) ON CONFLICT (call) DO UPDATE SET turn = turn + 1;
END;

-- Erased, or a decision was taken back: then what is left is read again.
CREATE TRIGGER search_draft_gone AFTER DELETE ON draft BEGIN
    DELETE FROM search WHERE rowid = (SELECT place FROM search_call WHERE call = OLD.call);
    DELETE FROM search_call WHERE call = OLD.call;
    INSERT INTO search_owed VALUES (OLD.call, 1) ON CONFLICT (call) DO UPDATE SET turn = turn + 1;
END;

-- How long the draft was before whoever decided it.
ALTER TABLE review ADD COLUMN took_ms INTEGER;
