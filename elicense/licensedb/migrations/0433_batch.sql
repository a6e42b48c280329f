-- Batches of licences (docs/design/issuing.md). The file is encrypted and goes when the batch ends; rows hold no values of licences.
CREATE TABLE lic_batch (
  id TEXT PRIMARY KEY,
  revision BIGINT NOT NULL,
  idempotency_key TEXT NOT NULL,
  digest TEXT NOT NULL,
  authority_code TEXT NOT NULL,
  type_code TEXT NOT NULL,
  type_template TEXT NOT NULL,
  area TEXT NOT NULL,
  name TEXT NOT NULL,
  format TEXT NOT NULL,
  encoding TEXT NOT NULL,
  file_columns TEXT NOT NULL,
  mapping TEXT NOT NULL,
  row_count BIGINT NOT NULL,
  whole BIGINT NOT NULL,
  state TEXT NOT NULL,
  entrant TEXT NOT NULL,
  reviewer TEXT NOT NULL,
  issuer TEXT NOT NULL,
  note TEXT NOT NULL,
  problem TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX lic_batch_key ON lic_batch (entrant, idempotency_key);
CREATE INDEX lic_batch_list ON lic_batch (created_at, id);
CREATE INDEX lic_batch_due ON lic_batch (lease_until) WHERE state = 'running';
CREATE TABLE lic_batch_file (
  batch TEXT PRIMARY KEY,
  data_key TEXT NOT NULL,
  data BYTEA NOT NULL
);
CREATE TABLE lic_batch_row (
  batch TEXT NOT NULL,
  line BIGINT NOT NULL,
  business_number TEXT NOT NULL,
  state TEXT NOT NULL,
  faults TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  license TEXT NOT NULL,
  license_id TEXT NOT NULL,
  file TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  PRIMARY KEY (batch, line)
);
CREATE INDEX lic_batch_row_state ON lic_batch_row (batch, state, line);
