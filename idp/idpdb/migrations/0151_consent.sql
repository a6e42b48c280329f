-- What is in force of a consent: its version, what the person was asked for (as words for comparison), and the claims that
-- the person does not give.
ALTER TABLE idp_consent ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE idp_consent ADD COLUMN terms TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_consent ADD COLUMN withheld TEXT NOT NULL DEFAULT '';
-- What a person agreed to, kept as it was shown. Nothing here is ever changed but the end.
CREATE TABLE idp_consent_record (
  account_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  scopes TEXT NOT NULL,
  withheld TEXT NOT NULL,
  shown TEXT NOT NULL,
  locale TEXT NOT NULL,
  given_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, client_id, version)
);
