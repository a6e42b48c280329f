-- Cases that people decide: when they have to have, the sealed pictures until they did, and the decisions.
ALTER TABLE idp_case ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX idp_case_due ON idp_case (state, due_at, id);
CREATE TABLE idp_case_photo (
  case_id TEXT NOT NULL,
  n BIGINT NOT NULL,
  media TEXT NOT NULL,
  size BIGINT NOT NULL,
  digest TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  PRIMARY KEY (case_id, n)
);
CREATE TABLE idp_case_review (
  case_id TEXT NOT NULL,
  reviewer TEXT NOT NULL,
  approve BOOLEAN NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (case_id, reviewer)
);
