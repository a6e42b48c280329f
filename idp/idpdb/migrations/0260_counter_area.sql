-- Whose counter a terminal stands at, and the path of that department's area; empty is the platform's own.
ALTER TABLE idp_counter_terminal ADD COLUMN department TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_counter_terminal ADD COLUMN area TEXT NOT NULL DEFAULT '';
