-- Licence types beside the built-in ones (docs/design/types.md). A version that was refused leaves its number to another one.
CREATE TABLE lic_type (
  id TEXT PRIMARY KEY,
  code TEXT NOT NULL,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  template TEXT NOT NULL,
  effective_date TEXT NOT NULL,
  files BYTEA NOT NULL,
  proposed_by TEXT NOT NULL,
  proposed_at BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at BIGINT NOT NULL,
  reason TEXT NOT NULL
);
CREATE UNIQUE INDEX lic_type_version ON lic_type (code, version) WHERE state <> 'refused';
CREATE INDEX lic_type_list ON lic_type (state, id);
-- Up to which version a code is retired; a newer one brings it back.
CREATE TABLE lic_type_retired (
  code TEXT NOT NULL,
  version BIGINT NOT NULL,
  retired_by TEXT NOT NULL,
  retired_at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (code, version)
);
-- By which version of its type a licence is made: the SM3 of the package; empty for those entered before there were versions.
ALTER TABLE lic_license ADD COLUMN type_template TEXT NOT NULL DEFAULT '';
