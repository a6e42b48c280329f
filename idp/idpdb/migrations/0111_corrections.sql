-- Numbers that were the identity of an account before a correction: nobody else takes one unnoticed.
CREATE TABLE idp_former_identity (
  lookup BYTEA PRIMARY KEY,
  account_id TEXT NOT NULL,
  ended_at BIGINT NOT NULL,
  reason TEXT NOT NULL
);
-- Why a register stopped an account, and the state before; empty while it did not.
ALTER TABLE idp_account ADD COLUMN hold TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_account ADD COLUMN hold_before TEXT NOT NULL DEFAULT '';
-- Corrections of a legal identity: proposed, then approved by as many people as it takes.
CREATE TABLE idp_correction (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  account_id TEXT NOT NULL,
  state TEXT NOT NULL,
  origin TEXT NOT NULL,
  reason TEXT NOT NULL,
  people TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  decided_at BIGINT NOT NULL
);
CREATE INDEX idp_correction_state ON idp_correction (state, created_at);
CREATE TABLE idp_register_event (
  origin TEXT NOT NULL,
  id TEXT NOT NULL,
  digest TEXT NOT NULL,
  kind TEXT NOT NULL,
  outcome TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (origin, id)
);
