-- The person of a personal seal, beside its body, and their account; both empty for a seal of an organisation. awaits is 1 while the person has
-- not confirmed the application.
ALTER TABLE seal_seal ADD COLUMN bearer TEXT NOT NULL DEFAULT '';
ALTER TABLE seal_seal ADD COLUMN person TEXT NOT NULL DEFAULT '';
ALTER TABLE seal_seal ADD COLUMN awaits BIGINT NOT NULL DEFAULT 0;
CREATE INDEX seal_person ON seal_seal (person, code) WHERE person <> '';
CREATE INDEX seal_awaits ON seal_seal (code) WHERE awaits = 1;
