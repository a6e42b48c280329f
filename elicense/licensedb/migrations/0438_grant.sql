-- Grants by which an application may use a licence, and the annotated copies made by them. No values of licences: fields are keys, data are what the copy says of itself.
CREATE TABLE lic_use_grant (
  id TEXT PRIMARY KEY,
  holder_ref TEXT NOT NULL,
  license TEXT NOT NULL,
  license_id TEXT NOT NULL,
  type_code TEXT NOT NULL,
  mode TEXT NOT NULL,
  kind TEXT NOT NULL,
  grantee TEXT NOT NULL,
  item TEXT NOT NULL,
  purpose TEXT NOT NULL,
  case_number TEXT NOT NULL,
  fields TEXT NOT NULL,
  uses BIGINT NOT NULL,
  uses_left BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  proof TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE INDEX lic_use_grant_holder ON lic_use_grant (holder_ref, created_at, id);
CREATE INDEX lic_use_grant_grantee ON lic_use_grant (grantee, created_at, id);
CREATE TABLE lic_copy (
  id TEXT PRIMARY KEY,
  grant_id TEXT NOT NULL,
  holder_ref TEXT NOT NULL,
  license TEXT NOT NULL,
  grantee TEXT NOT NULL,
  original TEXT NOT NULL,
  seal_id TEXT NOT NULL,
  data TEXT NOT NULL,
  file TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX lic_copy_grant ON lic_copy (grant_id, created_at, id);
CREATE INDEX lic_copy_holder ON lic_copy (holder_ref, id);
