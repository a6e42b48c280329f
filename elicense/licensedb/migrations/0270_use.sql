-- Who saw what of a holder's licences: keys of fields, never values. One line for each day or presentation, with a count.
CREATE TABLE lic_use (
  holder_ref TEXT NOT NULL,
  id TEXT NOT NULL,
  license TEXT NOT NULL,
  license_id TEXT NOT NULL,
  type_code TEXT NOT NULL,
  kind TEXT NOT NULL,
  fields TEXT NOT NULL,
  receiver TEXT NOT NULL,
  seen BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (holder_ref, id)
);
CREATE INDEX lic_use_list ON lic_use (holder_ref, first_at, id);
CREATE INDEX lic_use_age ON lic_use (last_at);
