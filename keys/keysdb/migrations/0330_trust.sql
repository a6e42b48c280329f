-- Authorities that the platform vouches for, with what each was trusted for since when; the list that says so; and the highest numbers
-- of the lists of others that were seen.
CREATE TABLE key_authority (
  sm3 TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  der BYTEA NOT NULL
);
CREATE TABLE key_authority_event (
  sm3 TEXT NOT NULL,
  number BIGINT NOT NULL,
  begins_at BIGINT NOT NULL,
  uses TEXT NOT NULL,
  reason TEXT NOT NULL,
  recorded_at BIGINT NOT NULL,
  PRIMARY KEY (sm3, number)
);
CREATE TABLE key_trust_list (
  id BIGINT PRIMARY KEY,
  number BIGINT NOT NULL,
  content BYTEA NOT NULL,
  issued_at BIGINT NOT NULL,
  next_update BIGINT NOT NULL
);
CREATE TABLE key_trust_seen (
  uri TEXT PRIMARY KEY,
  number BIGINT NOT NULL
);
