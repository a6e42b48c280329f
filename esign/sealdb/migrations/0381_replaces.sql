-- The seal whose place another takes; empty for a new one. Of several that are to replace the same one, one is not revoked at most.
ALTER TABLE seal_seal ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX seal_replaces ON seal_seal (replaces) WHERE replaces <> '' AND state <> 'revoked';
