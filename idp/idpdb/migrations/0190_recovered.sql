-- When a password was last set by a recovery without a counter: seals and mandates rest for a day from then (X-10).
ALTER TABLE idp_account ADD COLUMN recovered_at BIGINT NOT NULL DEFAULT 0;
