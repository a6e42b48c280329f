-- Partners: CAS services, ticket bridges and upstream sources, with their sealed secrets.
CREATE TABLE idp_partner (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  secret_mac BYTEA NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  PRIMARY KEY (kind, id)
);
-- One-time values lie in a table of their kind, as keyed hashes.
CREATE TABLE idp_cas_ticket (
  hash BYTEA PRIMARY KEY,
  service_id TEXT NOT NULL,
  url TEXT NOT NULL,
  sid TEXT NOT NULL,
  account_id TEXT NOT NULL,
  fresh BOOLEAN NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
-- Where a session is signed in by CAS; the consumed ticket, sealed, is what the logout message names.
CREATE TABLE idp_cas_login (
  hash BYTEA PRIMARY KEY,
  sid TEXT NOT NULL,
  service_id TEXT NOT NULL,
  url TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX idp_cas_login_session ON idp_cas_login (sid);
CREATE TABLE idp_bridge_ticket (
  hash BYTEA PRIMARY KEY,
  bridge_id TEXT NOT NULL,
  url TEXT NOT NULL,
  sid TEXT NOT NULL,
  account_id TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE TABLE idp_bridge_token (
  hash BYTEA PRIMARY KEY,
  bridge_id TEXT NOT NULL,
  sid TEXT NOT NULL,
  account_id TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX idp_bridge_token_session ON idp_bridge_token (sid);
CREATE TABLE idp_bridge_nonce (
  hash BYTEA PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE TABLE idp_upstream_intent (
  hash BYTEA PRIMARY KEY,
  upstream_id TEXT NOT NULL,
  browser BYTEA NOT NULL,
  purpose TEXT NOT NULL,
  account_id TEXT NOT NULL,
  flow TEXT NOT NULL,
  fresh BOOLEAN NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE TABLE idp_upstream_link (
  upstream_id TEXT NOT NULL,
  lookup BYTEA NOT NULL,
  account_id TEXT NOT NULL REFERENCES idp_account (id),
  linked_at BIGINT NOT NULL,
  PRIMARY KEY (upstream_id, lookup)
);
CREATE UNIQUE INDEX idp_upstream_link_account ON idp_upstream_link (account_id, upstream_id);
CREATE TABLE idp_upstream_session (
  sid TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  upstream_id TEXT NOT NULL,
  lookup BYTEA NOT NULL,
  upstream_sid BYTEA NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX idp_upstream_session_lookup ON idp_upstream_session (upstream_id, lookup);
CREATE TABLE idp_upstream_logout (
  hash BYTEA PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
