-- What a use of a seal takes. version is that of the row, number that of the rule in force; waiting is the change that another person decides on.
CREATE TABLE seal_rule (
  seal_id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  number BIGINT NOT NULL,
  body TEXT NOT NULL,
  waiting TEXT NOT NULL
);
-- Requests for the use of a seal. digest is SM3 of what is decided about; uses_left is taken by the transaction that plans a stamp.
CREATE TABLE seal_use (
  id TEXT PRIMARY KEY,
  seal_id TEXT NOT NULL,
  state TEXT NOT NULL,
  requester TEXT NOT NULL,
  key TEXT NOT NULL,
  source_sm3 TEXT NOT NULL,
  rule_number BIGINT NOT NULL,
  approver TEXT NOT NULL,
  digest TEXT NOT NULL,
  body TEXT NOT NULL,
  votes BIGINT NOT NULL,
  uses_left BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  decided_at BIGINT NOT NULL,
  UNIQUE (requester, key)
);
CREATE INDEX seal_use_time ON seal_use (created_at, id);
CREATE INDEX seal_use_seal ON seal_use (seal_id, requester, source_sm3);
CREATE INDEX seal_use_ends ON seal_use (state, expires_at);
-- Who approved a request. Nobody counts twice.
CREATE TABLE seal_use_approval (
  use_id TEXT NOT NULL,
  approver TEXT NOT NULL,
  digest TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (use_id, approver)
);
-- Under which request a seal was used; empty where none was needed.
ALTER TABLE seal_stamp ADD COLUMN approval TEXT NOT NULL DEFAULT '';
