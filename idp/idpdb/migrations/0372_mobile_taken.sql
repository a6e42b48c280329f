-- When a carrier's word took the mobile number of an account; its page says so for as long as no contact is left.
ALTER TABLE idp_account ADD COLUMN mobile_taken_at BIGINT NOT NULL DEFAULT 0;
