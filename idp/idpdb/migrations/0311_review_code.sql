-- Why a reviewer refused, in a word; the words of former decisions are not known.
ALTER TABLE idp_case_review ADD COLUMN code TEXT NOT NULL DEFAULT '';
