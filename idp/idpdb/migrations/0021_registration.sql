-- Dynamic registration (RFC 7591, RFC 7592): tokens that open it, tokens that manage one client, signers of statements.
CREATE TABLE idp_initial_access (
  name TEXT PRIMARY KEY,
  hash BYTEA NOT NULL UNIQUE,
  body TEXT NOT NULL,
  uses BIGINT NOT NULL,
  used BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL
);
CREATE TABLE idp_registration (
  client_id TEXT PRIMARY KEY,
  token_mac BYTEA NOT NULL,
  initial TEXT NOT NULL,
  pending TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL
);
CREATE TABLE idp_statement_issuer (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
);
