-- What a segment's words and its lack of words are worth.

ALTER TABLE utterance ADD COLUMN alignment TEXT NOT NULL DEFAULT 'word'; -- what its word times are worth
ALTER TABLE utterance ADD COLUMN voiced TEXT NOT NULL DEFAULT '[]';      -- JSON, spans where the detector heard speech
ALTER TABLE utterance ADD COLUMN unheard TEXT;                           -- why it has no words; only of unrecognised ones
ALTER TABLE utterance ADD COLUMN tries INTEGER NOT NULL DEFAULT 1;       -- recognitions that were asked for

-- Segments that another try may fill in.
CREATE INDEX utterance_to_fill_in ON utterance (call, tries) WHERE unheard IN ('no_engine', 'engine_failed');

-- 1: a segment gained words that the newest draft does not have yet.
ALTER TABLE call ADD COLUMN redraft INTEGER NOT NULL DEFAULT 0;
CREATE INDEX call_to_redraft ON call (id) WHERE redraft = 1;
