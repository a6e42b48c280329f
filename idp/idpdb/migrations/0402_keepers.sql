-- Since when an organisation says itself who keeps its seals; 0: it never did, or gave that up.
ALTER TABLE idp_organisation ADD COLUMN keepers_at BIGINT NOT NULL DEFAULT 0;
