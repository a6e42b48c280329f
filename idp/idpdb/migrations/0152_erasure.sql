-- The key of each account, which seals its personal fields. The row is deleted when the account is erased. Long-lived backups
-- leave this table out (docs/operations/backup.md), so that what they hold of an erased account stays unreadable.
CREATE TABLE idp_account_key (
  account_id TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  wrapped BYTEA NOT NULL
);
CREATE TABLE idp_deletion (
  account_id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  notified_at BIGINT NOT NULL,
  done_at BIGINT NOT NULL
);
CREATE INDEX idp_deletion_due ON idp_deletion (state, due_at, account_id);
CREATE TABLE idp_hold (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  placed_by TEXT NOT NULL,
  placed_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  released_at BIGINT NOT NULL
);
CREATE INDEX idp_hold_account ON idp_hold (account_id, until_at);
CREATE INDEX idp_hold_time ON idp_hold (placed_at, id);
