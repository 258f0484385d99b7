-- How good the line was; null for calls that were never answered, interrupted, or ended before this was known.

ALTER TABLE call ADD COLUMN line_quality TEXT; -- JSON of LineQuality
