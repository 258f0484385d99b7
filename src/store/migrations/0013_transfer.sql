-- What came of passing the caller on to somebody else, where an agent asked for it. JSON of Transfer.
ALTER TABLE call ADD COLUMN transfer TEXT;
