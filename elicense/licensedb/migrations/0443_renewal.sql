-- Applications for the next version of a licence are found by it.
CREATE INDEX lic_license_replaces ON lic_license (replaces, created_at, id) WHERE replaces <> '';
