-- An account that became part of another one keeps its id, which leads to the other (the alias is never followed twice: what
-- pointed to an account that is merged later is written anew).
ALTER TABLE idp_account ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_account ADD COLUMN merged_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX idp_account_merged ON idp_account (merged_into);
-- The first address of a kind is the one that messages go to; those of an account that was merged come behind.
ALTER TABLE idp_contact ADD COLUMN added_at BIGINT NOT NULL DEFAULT 0;
-- What departments know of a merged account: its subject in their sector, and whose it is now.
CREATE TABLE idp_former_subject (
  subject TEXT PRIMARY KEY,
  sector TEXT NOT NULL,
  account_id TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX idp_former_subject_account ON idp_former_subject (account_id);
