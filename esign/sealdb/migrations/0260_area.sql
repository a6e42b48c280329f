-- The path of the owner's area; empty where the tree of areas does not know the owner. Departments that are applied again place what is
-- there already.
ALTER TABLE seal_seal ADD COLUMN area TEXT NOT NULL DEFAULT '';
