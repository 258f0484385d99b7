-- A caller from the web may add to an earlier call: both go under the reference that was told first.

ALTER TABLE call ADD COLUMN follows TEXT; -- id of the earlier call
ALTER TABLE call ADD COLUMN ticket TEXT;  -- reference the caller is told; null: the call's own

-- All calls of one told reference.
CREATE INDEX call_of_ticket ON call (ticket) WHERE ticket IS NOT NULL;
