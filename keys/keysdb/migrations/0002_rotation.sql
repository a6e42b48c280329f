-- When a key came into its state, and one next key for each purpose, algorithm and label.
ALTER TABLE key_record ADD COLUMN state_at BIGINT NOT NULL DEFAULT 0;
UPDATE key_record SET state_at = created_at;
CREATE UNIQUE INDEX key_record_next ON key_record (usage, algorithm, label) WHERE state = 'next';
