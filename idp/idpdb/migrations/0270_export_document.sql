-- The copy of one's data for people to read: a sealed OFD, under the key of the account as the rest of the copy.
ALTER TABLE idp_export ADD COLUMN document_size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idp_export ADD COLUMN document_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_export ADD COLUMN document_key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_export ADD COLUMN document BYTEA;
