-- Reports of suspected forgeries (docs/design/forgery.md). What people wrote stands sealed; receipts and contacts are found by keyed hashes.
CREATE TABLE lic_forgery (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  open_key TEXT NOT NULL,
  state TEXT NOT NULL,
  decision TEXT NOT NULL,
  kind TEXT NOT NULL,
  object TEXT NOT NULL,
  identifier TEXT NOT NULL,
  department TEXT NOT NULL,
  area TEXT NOT NULL,
  sm3 TEXT NOT NULL,
  told TEXT NOT NULL,
  own TEXT NOT NULL,
  file TEXT NOT NULL,
  reports BIGINT NOT NULL,
  taken_by TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  words TEXT NOT NULL,
  note_key TEXT NOT NULL,
  note BYTEA NOT NULL,
  duplicate_of TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  decided_at BIGINT NOT NULL,
  erase_at BIGINT NOT NULL
);
-- One open case of the same thing; a decided one has no key any more.
CREATE UNIQUE INDEX lic_forgery_open ON lic_forgery (open_key) WHERE open_key <> '';
CREATE INDEX lic_forgery_list ON lic_forgery (created_at, id);
CREATE INDEX lic_forgery_state ON lic_forgery (state, created_at, id);
CREATE INDEX lic_forgery_file_sm3 ON lic_forgery (sm3) WHERE sm3 <> '';
CREATE INDEX lic_forgery_identifier ON lic_forgery (identifier) WHERE identifier <> '';
CREATE INDEX lic_forgery_department ON lic_forgery (department) WHERE department <> '';
CREATE INDEX lic_forgery_due ON lic_forgery (erase_at) WHERE erase_at > 0;

CREATE TABLE lic_forgery_telling (
  case_id TEXT NOT NULL,
  id TEXT NOT NULL,
  receipt TEXT NOT NULL,
  told TEXT NOT NULL,
  locale TEXT NOT NULL,
  said_key TEXT NOT NULL,
  said BYTEA NOT NULL,
  contact_key TEXT NOT NULL,
  contact BYTEA NOT NULL,
  reach TEXT NOT NULL,
  joined TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  told_at BIGINT NOT NULL,
  PRIMARY KEY (case_id, id)
);
CREATE UNIQUE INDEX lic_forgery_receipt ON lic_forgery_telling (receipt);
CREATE INDEX lic_forgery_telling_list ON lic_forgery_telling (case_id, made_at, id);
CREATE INDEX lic_forgery_reach ON lic_forgery_telling (case_id, reach) WHERE reach <> '';

CREATE TABLE lic_forgery_file (
  id TEXT PRIMARY KEY,
  case_id TEXT NOT NULL,
  address TEXT NOT NULL,
  key_id TEXT NOT NULL,
  octets BIGINT NOT NULL,
  made_at BIGINT NOT NULL
);
CREATE INDEX lic_forgery_loose ON lic_forgery_file (made_at) WHERE case_id = '';
