-- When the holder is told next that the validity ends: 0 not planned yet, -1 never again.
ALTER TABLE lic_license ADD COLUMN remind_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX lic_license_remind ON lic_license (remind_at) WHERE state = 'active' AND remind_at >= 0;
