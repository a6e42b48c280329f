-- A card names the order that it was printed for and the attempt at it, so that an attempt that comes late replaces no later card.
ALTER TABLE lic_card ADD COLUMN order_ref TEXT NOT NULL DEFAULT '';
ALTER TABLE lic_card ADD COLUMN attempt BIGINT NOT NULL DEFAULT 0;
