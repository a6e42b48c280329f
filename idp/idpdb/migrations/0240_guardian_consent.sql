-- What guardians agreed to for a child below 14 (PIPL 31). It lies with the child and is erased with it; guardians are named by
-- their account alone.
CREATE TABLE idp_guardian_consent (
  account_id TEXT NOT NULL,
  case_id TEXT NOT NULL,
  guardian TEXT NOT NULL,
  relation TEXT NOT NULL,
  version TEXT NOT NULL,
  source TEXT NOT NULL,
  evidence TEXT NOT NULL,
  agreed_at BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (account_id, case_id)
);
