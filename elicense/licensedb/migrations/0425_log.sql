-- The transparency log (docs/design/translog.md). A licence's secret hides its entries and is not encrypted: this row holds what it hides.
ALTER TABLE lic_license ADD COLUMN log_secret BYTEA NOT NULL DEFAULT '';
ALTER TABLE lic_license ADD COLUMN log_count BIGINT NOT NULL DEFAULT 0;
CREATE INDEX lic_license_unlogged ON lic_license (created_at, id) WHERE log_count = 0 AND state = 'active';
ALTER TABLE lic_status_event ADD COLUMN log_number BIGINT NOT NULL DEFAULT 0;

-- Entries in the transaction of what they tell of; number is -1 until the sequencer gives one, and then the leaf lies in a bundle.
CREATE TABLE lic_log_entry (
  tree TEXT NOT NULL,
  ref TEXT NOT NULL,
  leaf BYTEA NOT NULL,
  queued BIGINT NOT NULL,
  number BIGINT NOT NULL,
  PRIMARY KEY (tree, ref)
);
CREATE INDEX lic_log_entry_open ON lic_log_entry (tree, queued, ref) WHERE number < 0;
CREATE UNIQUE INDEX lic_log_entry_number ON lic_log_entry (tree, number) WHERE number >= 0;

-- The head of each tree; edge holds the roots of its perfect subtrees. turn grows with every change and makes sequencers wait for each other.
CREATE TABLE lic_log_tree (
  name TEXT PRIMARY KEY,
  turn BIGINT NOT NULL,
  size BIGINT NOT NULL,
  edge BYTEA NOT NULL,
  signed BIGINT NOT NULL
);
INSERT INTO lic_log_tree (name, turn, size, edge, signed) VALUES ('log', 0, 0, '', 0);
INSERT INTO lic_log_tree (name, turn, size, edge, signed) VALUES ('roots', 0, 0, '', 0);

-- Tiles, and bundles of entries as level -1. A row grows at its end until it is full.
CREATE TABLE lic_log_tile (
  tree TEXT NOT NULL,
  level BIGINT NOT NULL,
  number BIGINT NOT NULL,
  content BYTEA NOT NULL,
  PRIMARY KEY (tree, level, number)
);

CREATE TABLE lic_log_checkpoint (
  tree TEXT NOT NULL,
  size BIGINT NOT NULL,
  root BYTEA NOT NULL,
  note BYTEA NOT NULL,
  signed_at BIGINT NOT NULL,
  PRIMARY KEY (tree, size)
);
