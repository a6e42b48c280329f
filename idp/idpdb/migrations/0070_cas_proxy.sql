-- Proxy-granting tickets: bound to the login that asked for them, and dead with it.
CREATE TABLE idp_cas_granting (
  hash BYTEA PRIMARY KEY,
  login BYTEA NOT NULL,
  service_id TEXT NOT NULL,
  callback TEXT NOT NULL,
  sid TEXT NOT NULL,
  account_id TEXT NOT NULL,
  proxies TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE TABLE idp_cas_proxy_ticket (
  hash BYTEA PRIMARY KEY,
  granting BYTEA NOT NULL,
  service_id TEXT NOT NULL,
  url TEXT NOT NULL,
  sid TEXT NOT NULL,
  account_id TEXT NOT NULL,
  proxies TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
