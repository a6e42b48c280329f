-- Copies of people's own data: one of each account at a time, sealed under the key of the account, for a week.
CREATE TABLE idp_export (
  account_id TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  state TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  ready_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  size BIGINT NOT NULL,
  digest TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL
);
CREATE INDEX idp_export_until ON idp_export (until_at);
