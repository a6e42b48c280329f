-- The path of the authority's area; empty where the tree of areas does not know the authority. Departments that are applied again place
-- what is there already.
ALTER TABLE lic_license ADD COLUMN area TEXT NOT NULL DEFAULT '';
