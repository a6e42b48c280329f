-- Parts of a copy of somebody's data that were asked for (names with blanks between; empty: all), and how many of them are read while it is made.
ALTER TABLE idp_export ADD COLUMN sections TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_export ADD COLUMN sections_done BIGINT NOT NULL DEFAULT 0;
