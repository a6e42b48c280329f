CREATE TABLE key_salt (
  id BIGINT PRIMARY KEY,
  salt BYTEA NOT NULL
);
CREATE TABLE key_record (
  id TEXT PRIMARY KEY,
  usage TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  label TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  public BYTEA,
  blob BYTEA NOT NULL
);
CREATE UNIQUE INDEX key_record_current ON key_record (usage, algorithm, label) WHERE state = 'current';
CREATE INDEX key_record_usage ON key_record (usage, created_at);
CREATE TABLE key_certificate (
  id TEXT PRIMARY KEY,
  issuer_id TEXT NOT NULL,
  serial TEXT NOT NULL,
  label TEXT NOT NULL,
  key_id TEXT NOT NULL,
  not_after BIGINT NOT NULL,
  der BYTEA NOT NULL,
  revoked_at BIGINT NOT NULL,
  revocation_reason BIGINT NOT NULL
);
CREATE UNIQUE INDEX key_certificate_serial ON key_certificate (issuer_id, serial);
CREATE INDEX key_certificate_label ON key_certificate (label);
CREATE TABLE key_crl (
  issuer_id TEXT PRIMARY KEY,
  number BIGINT NOT NULL,
  der BYTEA NOT NULL,
  next_update BIGINT NOT NULL
);
