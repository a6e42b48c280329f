-- Organisations that the register does not know under code and name: since when, how often it was asked, and until when people looked themselves.
ALTER TABLE idp_organisation ADD COLUMN unknown_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idp_organisation ADD COLUMN unknown_looks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idp_organisation ADD COLUMN kept_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idp_organisation ADD COLUMN kept_reason TEXT NOT NULL DEFAULT '';
CREATE INDEX idp_organisation_unknown ON idp_organisation (register_state, unknown_at, id);
