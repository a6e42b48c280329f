-- Counter (窗口助办): terminals, what their readers read, visits of citizens, and what clerks did.
CREATE TABLE idp_counter_terminal (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  reader_key BYTEA NOT NULL,
  enrol_hash BYTEA NOT NULL,
  enrol_until BIGINT NOT NULL,
  secret_hash BYTEA NOT NULL,
  pair_hash BYTEA NOT NULL,
  pair_until BIGINT NOT NULL,
  screen_hash BYTEA NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  enrolled_at BIGINT NOT NULL,
  revoked_by TEXT NOT NULL,
  revoked_at BIGINT NOT NULL
);
CREATE INDEX idp_counter_terminal_secret ON idp_counter_terminal (secret_hash);
CREATE INDEX idp_counter_terminal_screen ON idp_counter_terminal (screen_hash);
CREATE INDEX idp_counter_terminal_enrol ON idp_counter_terminal (enrol_hash);
CREATE INDEX idp_counter_terminal_pair ON idp_counter_terminal (pair_hash);
CREATE INDEX idp_counter_terminal_list ON idp_counter_terminal (created_at, id);
-- Each message of a reader is taken once; the card in it lives two minutes.
CREATE TABLE idp_counter_reading (
  terminal_id TEXT NOT NULL,
  nonce BYTEA NOT NULL,
  kind TEXT NOT NULL,
  digest TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  read_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  taken_at BIGINT NOT NULL,
  PRIMARY KEY (terminal_id, nonce)
);
CREATE INDEX idp_counter_reading_new ON idp_counter_reading (terminal_id, read_at) WHERE taken_at = 0;
CREATE INDEX idp_counter_reading_expires ON idp_counter_reading (expires_at);
CREATE TABLE idp_counter_visit (
  id TEXT PRIMARY KEY,
  terminal_id TEXT NOT NULL,
  clerk TEXT NOT NULL,
  second_clerk TEXT NOT NULL,
  entry TEXT NOT NULL,
  called TEXT NOT NULL,
  account_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  acts TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  agreed_at BIGINT NOT NULL,
  agreement TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  end_reason TEXT NOT NULL
);
CREATE UNIQUE INDEX idp_counter_visit_open ON idp_counter_visit (terminal_id) WHERE ended_at = 0;
CREATE INDEX idp_counter_visit_ended ON idp_counter_visit (ended_at);
-- What clerks did. A supervisor looks at every row.
CREATE TABLE idp_counter_act (
  id TEXT PRIMARY KEY,
  visit_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  terminal_id TEXT NOT NULL,
  clerk TEXT NOT NULL,
  second_clerk TEXT NOT NULL,
  entry TEXT NOT NULL,
  account_id TEXT NOT NULL,
  agreed_by TEXT NOT NULL,
  evidence TEXT NOT NULL,
  outcome TEXT NOT NULL,
  at BIGINT NOT NULL,
  review TEXT NOT NULL,
  reviewer TEXT NOT NULL,
  review_reason TEXT NOT NULL,
  reviewed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX idp_counter_act_once ON idp_counter_act (visit_id, kind, target);
CREATE INDEX idp_counter_act_queue ON idp_counter_act (review, at, id);
-- One-time passes (凭条), by account: a new one ends the one before.
CREATE TABLE idp_counter_pass (
  account_id TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  hash BYTEA NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE INDEX idp_counter_pass_expires ON idp_counter_pass (expires_at);
