CREATE TABLE seal_seal (
  id TEXT PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  key_id TEXT NOT NULL,
  body TEXT NOT NULL,
  signer_cert BYTEA,
  ses BYTEA,
  picture BYTEA,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE TABLE seal_stamp (
  id TEXT PRIMARY KEY,
  seal_id TEXT NOT NULL,
  state TEXT NOT NULL,
  requester TEXT NOT NULL,
  key TEXT NOT NULL,
  body TEXT NOT NULL,
  result_sm3 TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  lease_to BIGINT NOT NULL,
  UNIQUE (requester, key)
);
CREATE INDEX seal_stamp_seal ON seal_stamp (seal_id, id);
CREATE INDEX seal_stamp_state ON seal_stamp (state, lease_to);
