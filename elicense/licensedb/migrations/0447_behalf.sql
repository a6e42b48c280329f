-- Under which mandate a grant was given, and who acted for the holder in a use that the ledger shows; empty for the holder's own.
ALTER TABLE lic_use_grant ADD COLUMN mandate TEXT NOT NULL DEFAULT '';
ALTER TABLE lic_presentation ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE lic_use ADD COLUMN agent TEXT NOT NULL DEFAULT '';
