-- What a person is changes seldom and is asked for with every token: the version tells whether what is in memory still holds.
ALTER TABLE idp_account ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
-- Whose code it is, so that one statement reads a code with the standing of its account.
ALTER TABLE idp_authorization_code ADD COLUMN account_id TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_authorization_code ADD COLUMN sid TEXT NOT NULL DEFAULT '';
