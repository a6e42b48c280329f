-- What became of each seal and since when, and the signed lists that say so. since is when a seal came into use that was before this table.
CREATE TABLE seal_status (
  seal_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  code TEXT NOT NULL,
  sm3 BYTEA NOT NULL,
  state BIGINT NOT NULL,
  begins_at BIGINT NOT NULL,
  since BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  PRIMARY KEY (seal_id, number)
);
CREATE INDEX seal_status_code ON seal_status (code, number);
CREATE TABLE seal_published (
  division TEXT PRIMARY KEY,
  number BIGINT NOT NULL,
  content BYTEA NOT NULL,
  issued_at BIGINT NOT NULL,
  next_update BIGINT NOT NULL
);
