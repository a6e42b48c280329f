-- Requests of devices (RFC 8628): keyed hashes of both codes.
CREATE TABLE idp_device (
  hash BYTEA PRIMARY KEY,
  user_hash BYTEA NOT NULL UNIQUE,
  client_id TEXT NOT NULL,
  request TEXT NOT NULL,
  state TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  interval_ms BIGINT NOT NULL,
  polled_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX idp_device_expires ON idp_device (expires_at);
