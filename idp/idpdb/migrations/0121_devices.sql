CREATE TABLE idp_known_device (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES idp_account (id),
  hash BYTEA NOT NULL UNIQUE,
  name TEXT NOT NULL,
  address TEXT NOT NULL,
  sid TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
);
CREATE INDEX idp_known_device_account ON idp_known_device (account_id, seen_at);
