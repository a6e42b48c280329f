-- For which service items something was asked, by their codes.
ALTER TABLE idp_release ADD COLUMN items TEXT NOT NULL DEFAULT '';
