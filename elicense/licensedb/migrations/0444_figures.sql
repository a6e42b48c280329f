-- Figures (统计). The last day of validity in the clear, YYYYMMDD, so that ends can be counted: 0 has none, -1 was not read yet, -2 could not be read.
ALTER TABLE lic_license ADD COLUMN ends BIGINT NOT NULL DEFAULT -1;
CREATE INDEX lic_license_unread ON lic_license (id) WHERE ends = -1 AND state = 'active';
CREATE INDEX lic_license_figures ON lic_license (state, authority_code, type_code, status, ends, area);
CREATE INDEX lic_license_issued ON lic_license (state, issued_at, authority_code, type_code, area) WHERE issued_at > 0;
-- Verifications counted by the day, and nothing else of them. Authority, type and area are empty where the licence was not told or is not of this register.
CREATE TABLE lic_verified (
  day BIGINT NOT NULL,
  channel TEXT NOT NULL,
  verdict TEXT NOT NULL,
  code TEXT NOT NULL,
  type_code TEXT NOT NULL,
  authority_code TEXT NOT NULL,
  area TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (day, channel, verdict, code, type_code, authority_code)
);
CREATE INDEX lic_verified_authority ON lic_verified (authority_code);
