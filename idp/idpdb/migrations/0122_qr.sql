CREATE TABLE idp_qr (
  id TEXT PRIMARY KEY,
  hash BYTEA NOT NULL UNIQUE,
  code_hash BYTEA NOT NULL,
  browser BYTEA NOT NULL,
  portal TEXT NOT NULL,
  device TEXT NOT NULL,
  address TEXT NOT NULL,
  number TEXT NOT NULL,
  state TEXT NOT NULL,
  account_id TEXT NOT NULL,
  sid TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX idp_qr_code ON idp_qr (code_hash, expires_at);
CREATE INDEX idp_qr_expires ON idp_qr (expires_at);
