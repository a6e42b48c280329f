-- The picture of the holder that the data of a licence name, encrypted: address of the document store, and the key.
ALTER TABLE lic_license ADD COLUMN photo TEXT NOT NULL DEFAULT '';
ALTER TABLE lic_license ADD COLUMN photo_key TEXT NOT NULL DEFAULT '';
