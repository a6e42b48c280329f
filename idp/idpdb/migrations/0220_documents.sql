-- Documents of an account beside the one in idp_identity, which is the one that was proved last. A number stands in one of
-- both tables only, and stays the person's when the document is retired.
CREATE TABLE idp_document (
  lookup BYTEA PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES idp_account (id),
  added_at BIGINT NOT NULL,
  retired_at BIGINT NOT NULL
);
CREATE INDEX idp_document_account ON idp_document (account_id);
-- Which document evidence is about; nothing is the one in idp_identity.
ALTER TABLE idp_proof ADD COLUMN document BYTEA;
-- What two people found: the holder of an account is also that of a document which another account has. The two can be merged.
CREATE TABLE idp_one_person (
  account_id TEXT NOT NULL REFERENCES idp_account (id),
  lookup BYTEA NOT NULL,
  decided_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, lookup)
);
CREATE INDEX idp_one_person_lookup ON idp_one_person (lookup);
