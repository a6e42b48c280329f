-- Licences whose holders let nobody use them for now; license is empty for all of a holder. That row is there without a freeze too (frozen_at 0): each use and each freeze changes it first, so that they come one after the other.
CREATE TABLE lic_freeze (
  holder_ref TEXT NOT NULL,
  license TEXT NOT NULL,
  license_id TEXT NOT NULL,
  type_code TEXT NOT NULL,
  frozen_at BIGINT NOT NULL,
  turns BIGINT NOT NULL,
  PRIMARY KEY (holder_ref, license)
);
