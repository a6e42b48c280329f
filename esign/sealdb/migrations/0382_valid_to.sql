-- When a seal ends, beside its body, so that those that end soon are found. Zero until the first start of this release has read it there.
ALTER TABLE seal_seal ADD COLUMN valid_to BIGINT NOT NULL DEFAULT 0;
CREATE INDEX seal_ending ON seal_seal (valid_to) WHERE state = 'active';
