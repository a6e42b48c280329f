-- The last test of the connection to a partner: one row each, so nothing of it grows old.
CREATE TABLE idp_partner_check (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  at BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (kind, id)
);
