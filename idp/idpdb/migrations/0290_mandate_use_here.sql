-- What was done under a mandate at our own pages; those lines name no client.
ALTER TABLE idp_mandate_use ADD COLUMN what TEXT NOT NULL DEFAULT '';
