-- Addresses by which the file of an annotated copy is fetched once (GB/T 36906 sharing service). The secret of the address is not kept, only its keyed hash.
CREATE TABLE lic_copy_link (
  hash TEXT PRIMARY KEY,
  copy_id TEXT NOT NULL,
  grantee TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE INDEX lic_copy_link_grantee ON lic_copy_link (grantee, expires_at);
