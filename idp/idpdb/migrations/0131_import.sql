-- Accounts that came from other systems.
CREATE TABLE idp_import_job (
  id TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  digest TEXT NOT NULL,
  state TEXT NOT NULL,
  rows_done BIGINT NOT NULL,
  counts TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  finished_at BIGINT NOT NULL,
  UNIQUE (source, digest)
);
-- Where an account came from: a keyed hash of source and external id. The level that was claimed is a note and gives nothing.
CREATE TABLE idp_import_origin (
  external_id BYTEA PRIMARY KEY,
  job_id TEXT NOT NULL REFERENCES idp_import_job (id),
  row_number BIGINT NOT NULL,
  account_id TEXT NOT NULL REFERENCES idp_account (id),
  document BYTEA,
  claimed TEXT NOT NULL,
  registered_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX idp_import_origin_row ON idp_import_origin (job_id, row_number);
CREATE INDEX idp_import_origin_document ON idp_import_origin (document);
CREATE INDEX idp_import_origin_account ON idp_import_origin (account_id);
-- Rows that were left out, and why.
CREATE TABLE idp_import_left (
  job_id TEXT NOT NULL REFERENCES idp_import_job (id),
  row_number BIGINT NOT NULL,
  code TEXT NOT NULL,
  PRIMARY KEY (job_id, row_number)
);
