-- To which way of proving who the child is a guardian agreed; empty: to the account itself.
ALTER TABLE idp_guardian_consent ADD COLUMN method TEXT NOT NULL DEFAULT '';
