-- Paper copies that holders printed; neither the code nor what stands on them is kept. short_id goes into the delta list while a withdrawn one has not ended.
CREATE TABLE lic_paper (
  id TEXT PRIMARY KEY,
  pid_key TEXT NOT NULL UNIQUE,
  short_id BYTEA NOT NULL,
  license TEXT NOT NULL,
  license_id TEXT NOT NULL,
  type_code TEXT NOT NULL,
  holder_ref TEXT NOT NULL,
  profile TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  withdrawn_at BIGINT NOT NULL
);
CREATE INDEX lic_paper_holder ON lic_paper (holder_ref, issued_at, id);
CREATE INDEX lic_paper_license ON lic_paper (license, expires_at);
CREATE INDEX lic_paper_withdrawn ON lic_paper (expires_at) WHERE withdrawn_at > 0;
CREATE INDEX lic_paper_end ON lic_paper (expires_at);
