-- Licences that were issued elsewhere (docs/design/issuing.md). Their holders' keys stand in lic_holder, by the id of the import.
ALTER TABLE lic_batch ADD COLUMN kind TEXT NOT NULL DEFAULT 'issue';
ALTER TABLE lic_batch_row ADD COLUMN flags TEXT NOT NULL DEFAULT 'null';
CREATE TABLE lic_import (
  id TEXT PRIMARY KEY,
  license_id TEXT NOT NULL,
  type_code TEXT NOT NULL,
  type_template TEXT NOT NULL,
  authority_code TEXT NOT NULL,
  area TEXT NOT NULL,
  holder_ref TEXT NOT NULL,
  data_key TEXT NOT NULL,
  data BYTEA NOT NULL,
  digest TEXT NOT NULL,
  flags TEXT NOT NULL,
  file TEXT NOT NULL,
  code TEXT NOT NULL,
  batch TEXT NOT NULL,
  line BIGINT NOT NULL,
  entrant TEXT NOT NULL,
  reviewer TEXT NOT NULL,
  issuer TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX lic_import_identifier ON lic_import (license_id);
CREATE INDEX lic_import_holder ON lic_import (holder_ref, created_at, id) WHERE holder_ref <> '';
CREATE INDEX lic_import_authority ON lic_import (authority_code);
