-- What people declared of each other: relatives, of whom a family mandate may join two. Of a pair one row is open.
CREATE TABLE idp_relative (
  account_id TEXT NOT NULL,
  id TEXT NOT NULL,
  other TEXT NOT NULL,
  pair TEXT NOT NULL,
  relation TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  confirmed_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX idp_relative_other ON idp_relative (other);
CREATE INDEX idp_relative_two ON idp_relative (pair);
CREATE UNIQUE INDEX idp_relative_pair ON idp_relative (pair) WHERE state IN ('declared', 'confirmed');
