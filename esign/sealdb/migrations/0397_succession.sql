-- The organisation of a seal, beside its body, so that the seals of one are found. Empty until the first start of this release has read it there.
ALTER TABLE seal_seal ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE seal_seal ADD COLUMN owner_code TEXT NOT NULL DEFAULT '';
CREATE INDEX seal_owner ON seal_seal (owner_code, owner, code);

-- Who took the place of an organisation (decision record 0016). One proposal or record stands for each.
CREATE TABLE seal_succession (
	id TEXT PRIMARY KEY,
	owner TEXT NOT NULL,
	owner_code TEXT NOT NULL,
	state TEXT NOT NULL,
	area TEXT NOT NULL,
	since BIGINT NOT NULL,
	seals_end BIGINT NOT NULL, -- 0: none
	seals_ended INTEGER NOT NULL,
	body TEXT NOT NULL,
	proposed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX seal_succession_owner ON seal_succession (owner_code, owner) WHERE state IN ('proposed', 'recorded');
CREATE INDEX seal_succession_age ON seal_succession (proposed_at, id);
CREATE INDEX seal_succession_due ON seal_succession (seals_end) WHERE state = 'recorded' AND seals_ended = 0 AND seals_end > 0;
