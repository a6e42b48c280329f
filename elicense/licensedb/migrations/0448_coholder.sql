-- Further accounts that hold a licence of several holders, beside holder_ref of the licence.
CREATE TABLE lic_coholder (
  license TEXT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (license, account)
);
CREATE INDEX lic_coholder_account ON lic_coholder (account, license);
-- What a co-owner says to a grant of another one: '' (asked), agreed, refused, withdrawn.
CREATE TABLE lic_consent (
  grant_id TEXT NOT NULL,
  account TEXT NOT NULL,
  answer TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  answered_at BIGINT NOT NULL,
  PRIMARY KEY (grant_id, account)
);
CREATE INDEX lic_consent_account ON lic_consent (account, asked_at, grant_id);
-- How many consents are missing, and until when they can be given; 0 for a grant that needs none.
ALTER TABLE lic_use_grant ADD COLUMN awaits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lic_use_grant ADD COLUMN decide_by BIGINT NOT NULL DEFAULT 0;
