-- Organisations are accounts that nobody logs in to; this is what the register of legal persons says of them.
CREATE TABLE idp_organisation (
  id TEXT PRIMARY KEY,
  representative TEXT NOT NULL,
  register_state TEXT NOT NULL,
  checked_at BIGINT NOT NULL,
  frozen_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX idp_organisation_checked ON idp_organisation (register_state, checked_at);
