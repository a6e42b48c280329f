-- Other platforms whose licences are judged here, and the newest package of each. One that was removed keeps its number, so that an old package never comes back.
CREATE TABLE lic_region (
  uri TEXT PRIMARY KEY,
  fetch_url TEXT NOT NULL,
  root TEXT NOT NULL,
  divisions TEXT NOT NULL,
  publisher TEXT NOT NULL,
  number BIGINT NOT NULL,
  content BYTEA NOT NULL,
  issued_at BIGINT NOT NULL,
  next_update BIGINT NOT NULL,
  taken_at BIGINT NOT NULL,
  asked_at BIGINT NOT NULL,
  problem TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  removed_at BIGINT NOT NULL
);
