CREATE TABLE idp_client (
  client_id TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  secret_mac BYTEA
);
CREATE TABLE idp_revision (
  name TEXT PRIMARY KEY,
  n BIGINT NOT NULL
);
CREATE TABLE idp_session (
  id TEXT PRIMARY KEY,
  hash BYTEA NOT NULL UNIQUE,
  account_id TEXT NOT NULL,
  aal BIGINT NOT NULL,
  methods TEXT NOT NULL,
  auth_time BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen BIGINT NOT NULL,
  device TEXT NOT NULL,
  address TEXT NOT NULL,
  ended_at BIGINT NOT NULL
);
CREATE INDEX idp_session_account ON idp_session (account_id, last_seen);
CREATE TABLE idp_party (
  sid TEXT NOT NULL,
  client_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (sid, client_id)
);
CREATE TABLE idp_grant (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  sid TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL
);
CREATE INDEX idp_grant_session ON idp_grant (sid);
CREATE TABLE idp_authorization_code (
  hash BYTEA PRIMARY KEY,
  request TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE TABLE idp_refresh_token (
  hash BYTEA PRIMARY KEY,
  grant_id TEXT NOT NULL,
  request TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  successor BYTEA
);
CREATE TABLE idp_revoked_token (
  jti TEXT PRIMARY KEY,
  until_at BIGINT NOT NULL
);
CREATE TABLE idp_flow (
  id TEXT PRIMARY KEY,
  browser BYTEA NOT NULL,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  finished_at BIGINT NOT NULL
);
CREATE TABLE idp_consent (
  account_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  given_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, client_id)
);
