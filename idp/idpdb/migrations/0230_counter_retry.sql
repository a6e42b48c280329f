-- Acts of the counter that another service refused or did not answer are tried again: attempts at them, and what another one
-- needs, sealed, for a day after the person's word.
ALTER TABLE idp_counter_act ADD COLUMN attempt BIGINT NOT NULL DEFAULT 1;
ALTER TABLE idp_counter_act ADD COLUMN tried_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idp_counter_act ADD COLUMN retried_by TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_counter_act ADD COLUMN failure TEXT NOT NULL DEFAULT '';
CREATE TABLE idp_counter_held (
  act_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  agreed_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL
);
CREATE INDEX idp_counter_held_account ON idp_counter_held (account_id);
CREATE INDEX idp_counter_held_until ON idp_counter_held (until_at);
