CREATE TABLE idp_credential (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES idp_account (id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  lookup BYTEA NOT NULL UNIQUE,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  counter BIGINT NOT NULL,
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE INDEX idp_credential_account ON idp_credential (account_id, created_at);
CREATE INDEX idp_credential_state ON idp_credential (state, created_at);
CREATE TABLE idp_recovery_code (
  hash BYTEA PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES idp_account (id),
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE INDEX idp_recovery_code_account ON idp_recovery_code (account_id);
CREATE TABLE idp_step (
  hash BYTEA PRIMARY KEY,
  kind TEXT NOT NULL,
  browser BYTEA NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE INDEX idp_step_expires ON idp_step (expires_at);
