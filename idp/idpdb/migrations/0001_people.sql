CREATE TABLE idp_account (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  credentials_at BIGINT NOT NULL,
  roles TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE TABLE idp_contact (
  lookup BYTEA PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES idp_account (id),
  kind TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL
);
CREATE INDEX idp_contact_account ON idp_contact (account_id);
CREATE TABLE idp_identity (
  lookup BYTEA PRIMARY KEY,
  account_id TEXT NOT NULL UNIQUE REFERENCES idp_account (id)
);
CREATE TABLE idp_proof (
  account_id TEXT NOT NULL REFERENCES idp_account (id),
  id TEXT NOT NULL,
  ial BIGINT NOT NULL,
  method TEXT NOT NULL,
  source TEXT NOT NULL,
  at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  evidence TEXT NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE TABLE idp_code (
  id TEXT PRIMARY KEY,
  lookup BYTEA NOT NULL,
  purpose TEXT NOT NULL,
  browser BYTEA NOT NULL,
  code_mac BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE INDEX idp_code_lookup ON idp_code (lookup, purpose, created_at);
CREATE TABLE idp_throttle (
  scope TEXT NOT NULL,
  key BYTEA NOT NULL,
  started_at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  PRIMARY KEY (scope, key)
);
CREATE TABLE idp_case (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES idp_account (id),
  state TEXT NOT NULL,
  method TEXT NOT NULL,
  wanted BIGINT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX idp_case_account ON idp_case (account_id, created_at);
CREATE TABLE idp_inbox (
  id TEXT PRIMARY KEY,
  recipient TEXT NOT NULL,
  text TEXT NOT NULL,
  code TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX idp_inbox_recipient ON idp_inbox (recipient, at);
