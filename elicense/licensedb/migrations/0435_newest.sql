-- Newest version of a licence type that came into use, by code: two nodes that bring versions of one type into use meet in its row.
CREATE TABLE lic_type_newest (
  code TEXT PRIMARY KEY,
  version BIGINT NOT NULL
);
INSERT INTO lic_type_newest (code, version) SELECT code, MAX(version) FROM lic_type WHERE state = 'published' GROUP BY code;
