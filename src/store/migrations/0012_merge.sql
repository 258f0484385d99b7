-- A call that brings nothing new is merged into the one it belongs to. What its caller was told stays known of that one,
-- which may be erased before.
ALTER TABLE review ADD COLUMN merged_into TEXT;
ALTER TABLE review ADD COLUMN merged_reference TEXT;
CREATE INDEX review_merged ON review (merged_into) WHERE merged_into IS NOT NULL;
