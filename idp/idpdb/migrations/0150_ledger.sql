-- Who received what of a person, on which day: names of claims, never values. A line counts the repetitions of a day.
CREATE TABLE idp_release (
  account_id TEXT NOT NULL,
  id TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  name TEXT NOT NULL,
  department TEXT NOT NULL,
  channel TEXT NOT NULL,
  claims TEXT NOT NULL,
  purpose TEXT NOT NULL,
  consent BIGINT NOT NULL,
  statutes TEXT NOT NULL,
  mandate TEXT NOT NULL,
  seen BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX idp_release_time ON idp_release (account_id, first_at, id);
CREATE INDEX idp_release_age ON idp_release (last_at);
CREATE TABLE idp_dispute (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  release_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  state TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX idp_dispute_account ON idp_dispute (account_id, opened_at);
CREATE INDEX idp_dispute_client ON idp_dispute (client_id, opened_at);
CREATE INDEX idp_dispute_state ON idp_dispute (state, due_at, id);
CREATE UNIQUE INDEX idp_dispute_release ON idp_dispute (account_id, release_id);
CREATE TABLE idp_dispute_message (
  dispute_id TEXT NOT NULL REFERENCES idp_dispute (id),
  number BIGINT NOT NULL,
  author TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (dispute_id, number)
);
