-- Numbers that were read back to the caller, and the keys that answered.

ALTER TABLE call ADD COLUMN read_backs TEXT NOT NULL DEFAULT '[]'; -- JSON of ReadBack
