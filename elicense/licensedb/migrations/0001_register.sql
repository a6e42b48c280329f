-- The register of licences. Values with personal data are encrypted in data; holder codes stand as keyed hashes only.
CREATE TABLE lic_license (
  id TEXT PRIMARY KEY,
  revision BIGINT NOT NULL,
  business_number TEXT NOT NULL,
  authority_code TEXT NOT NULL,
  request_digest TEXT NOT NULL,
  type_code TEXT NOT NULL,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  status TEXT NOT NULL,
  license_id TEXT NOT NULL,
  seal_id TEXT NOT NULL,
  holder_ref TEXT NOT NULL,
  data_key TEXT NOT NULL,
  data BYTEA NOT NULL,
  list_number BIGINT NOT NULL,
  list_index BIGINT NOT NULL,
  bits BIGINT NOT NULL,
  unsealed TEXT NOT NULL,
  file TEXT NOT NULL,
  entrant TEXT NOT NULL,
  reviewer TEXT NOT NULL,
  issuer TEXT NOT NULL,
  note TEXT NOT NULL,
  replaces TEXT NOT NULL,
  replaced_by TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  issued_at BIGINT NOT NULL,
  status_at BIGINT NOT NULL,
  status_until BIGINT NOT NULL
);
CREATE UNIQUE INDEX lic_license_business ON lic_license (authority_code, business_number);
CREATE UNIQUE INDEX lic_license_identifier ON lic_license (license_id) WHERE license_id <> '';
CREATE UNIQUE INDEX lic_license_entry ON lic_license (list_number, list_index) WHERE list_number > 0;
CREATE INDEX lic_license_list ON lic_license (created_at, id);
CREATE INDEX lic_license_holder ON lic_license (holder_ref, created_at, id) WHERE holder_ref <> '';
CREATE INDEX lic_license_state ON lic_license (state, created_at, id);
CREATE INDEX lic_license_due ON lic_license (status_until) WHERE status_until > 0;
CREATE INDEX lic_license_open ON lic_license (lease_until) WHERE lease_until > 0;
CREATE INDEX lic_license_ended ON lic_license (list_number, list_index) WHERE bits > 0;

CREATE TABLE lic_holder (
  license TEXT NOT NULL,
  holder_key TEXT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (license, holder_key)
);
CREATE INDEX lic_holder_key ON lic_holder (holder_key);

CREATE TABLE lic_status_event (
  license TEXT NOT NULL,
  id TEXT NOT NULL,
  position BIGINT NOT NULL,
  from_status TEXT NOT NULL,
  to_status TEXT NOT NULL,
  legal_basis TEXT NOT NULL,
  decision_number TEXT NOT NULL,
  actor TEXT NOT NULL,
  effective_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  PRIMARY KEY (license, id)
);

CREATE TABLE lic_authority (
  code TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  seal_id TEXT NOT NULL,
  type_codes TEXT NOT NULL
);

CREATE TABLE lic_published (
  name TEXT PRIMARY KEY,
  number BIGINT NOT NULL,
  content BYTEA NOT NULL,
  issued_at BIGINT NOT NULL,
  next_update BIGINT NOT NULL
);

-- Minted view tokens, by keyed hash of their pid; used_at is set by one conditional change.
CREATE TABLE lic_presentation (
  pid_key TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  short_id BYTEA NOT NULL,
  license TEXT NOT NULL,
  holder_ref TEXT NOT NULL,
  profile TEXT NOT NULL,
  view_token BYTEA NOT NULL,
  signature BYTEA NOT NULL,
  holder_key TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX lic_presentation_id ON lic_presentation (id);
CREATE INDEX lic_presentation_issued ON lic_presentation (issued_at);
CREATE INDEX lic_presentation_expires ON lic_presentation (expires_at);

CREATE TABLE lic_attempt (
  subject TEXT PRIMARY KEY,
  failures BIGINT NOT NULL,
  ends_at BIGINT NOT NULL
);
