-- Decisions by the rules of a type (秒批, docs/design/issuing.md), the switches of the rules, and appeals.
CREATE TABLE lic_ruling (
  license TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  authority_code TEXT NOT NULL,
  type_code TEXT NOT NULL,
  type_version BIGINT NOT NULL,
  type_template TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reasons TEXT NOT NULL,
  conditions TEXT NOT NULL,
  set_by TEXT NOT NULL,
  decided_at BIGINT NOT NULL
);
CREATE INDEX lic_ruling_list ON lic_ruling (decided_at, license);
CREATE INDEX lic_ruling_outcome ON lic_ruling (outcome, decided_at, license);
-- One row of a type: rulings change it first and so come one after the other. approved counts those of the day.
CREATE TABLE lic_ruling_day (
  type_code TEXT PRIMARY KEY,
  turns BIGINT NOT NULL,
  day TEXT NOT NULL,
  approved BIGINT NOT NULL
);
CREATE TABLE lic_rule_switch (
  authority_code TEXT NOT NULL,
  type_code TEXT NOT NULL,
  revision BIGINT NOT NULL,
  is_on BIGINT NOT NULL,
  proposed_by TEXT NOT NULL,
  proposed_at BIGINT NOT NULL,
  on_by TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (authority_code, type_code)
);
-- The text of an appeal is encrypted.
CREATE TABLE lic_appeal (
  license TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  type_code TEXT NOT NULL,
  state TEXT NOT NULL,
  digest TEXT NOT NULL,
  data_key TEXT NOT NULL,
  data BYTEA NOT NULL,
  filed_by TEXT NOT NULL,
  filed_at BIGINT NOT NULL,
  claimed_by TEXT NOT NULL,
  claimed_to BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at BIGINT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX lic_appeal_list ON lic_appeal (state, filed_at, license);
