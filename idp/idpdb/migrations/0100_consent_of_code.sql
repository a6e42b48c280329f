-- Whose code it is and which consent it stands on, so that a code ends with that consent. A consent is known by the time at
-- which it began: wider ones keep it, one that is given again after a withdrawal has another. 0 is of rows that were written
-- before: those ask only that there is a consent.
ALTER TABLE idp_consent ADD COLUMN began_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idp_authorization_code ADD COLUMN client_id TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_authorization_code ADD COLUMN consent_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idp_device ADD COLUMN consent_at BIGINT NOT NULL DEFAULT 0;
