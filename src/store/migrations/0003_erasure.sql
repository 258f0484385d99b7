-- Erasing a call. First the tombstone (erased_unix_ms), then its sound, its words and their remnants in the file go,
-- then erasure_done is set. What stays is a stub: id, reference, line, state, cause, times.

ALTER TABLE call ADD COLUMN erased_unix_ms INTEGER;
ALTER TABLE call ADD COLUMN erasure_done INTEGER NOT NULL DEFAULT 0;

-- Erasures that a crash broke off.
CREATE INDEX call_erasing ON call (id) WHERE erased_unix_ms IS NOT NULL AND erasure_done = 0;
-- The daily sweep reads only what can still be erased.
CREATE INDEX call_expiry ON call (line, ended_unix_ms) WHERE erased_unix_ms IS NULL AND state IN ('done', 'refused');

-- Drafts of erased calls, so that the built-in endpoint keeps no copy that was on its way. Ids, no content.
CREATE TABLE erased_draft (
    draft TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;
