-- Drafts of licence types (docs/design/types.md): packages that one administrator works at, in no use.
CREATE TABLE lic_type_draft (
  id TEXT PRIMARY KEY,
  revision BIGINT NOT NULL,
  owner TEXT NOT NULL,
  code TEXT NOT NULL,
  files BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX lic_type_draft_list ON lic_type_draft (owner, id);
