-- Sealed orders: uses for a case of which the holder is told when the order ends. Grants and lines of the ledger stand where others do, marked until they are told.
CREATE TABLE lic_order (
  id TEXT PRIMARY KEY,
  number TEXT NOT NULL,
  organ TEXT NOT NULL,
  legal_basis TEXT NOT NULL,
  client TEXT NOT NULL,
  case_number TEXT NOT NULL,
  license_ids TEXT NOT NULL,
  area TEXT NOT NULL,
  state TEXT NOT NULL,
  until_at BIGINT NOT NULL,
  proposed_by TEXT NOT NULL,
  proposed_at BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at BIGINT NOT NULL,
  ended_by TEXT NOT NULL,
  ended_at BIGINT NOT NULL,
  note TEXT NOT NULL,
  uses BIGINT NOT NULL,
  told_at BIGINT NOT NULL
);
CREATE INDEX lic_order_list ON lic_order (proposed_at, id);
CREATE INDEX lic_order_tell ON lic_order (state, until_at) WHERE told_at = 0;
ALTER TABLE lic_use_grant ADD COLUMN order_id TEXT NOT NULL DEFAULT '';
ALTER TABLE lic_use_grant ADD COLUMN withheld BIGINT NOT NULL DEFAULT 0;
CREATE INDEX lic_use_grant_withheld ON lic_use_grant (order_id, id) WHERE withheld = 1;
ALTER TABLE lic_copy ADD COLUMN order_id TEXT NOT NULL DEFAULT '';
ALTER TABLE lic_use ADD COLUMN withheld TEXT NOT NULL DEFAULT '';
CREATE INDEX lic_use_withheld ON lic_use (withheld, holder_ref) WHERE withheld <> '';
