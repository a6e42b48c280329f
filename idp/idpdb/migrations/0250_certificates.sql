-- Certificates that gave a level, by whom and under which number they were given out, as long as what becomes of them matters.
-- authority is the SM3 digest of the public key that signed them.
CREATE TABLE idp_proof_certificate (
  account_id TEXT NOT NULL,
  proof_id TEXT NOT NULL,
  issuer TEXT NOT NULL,
  authority TEXT NOT NULL,
  serial TEXT NOT NULL,
  ends_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, proof_id)
);
CREATE INDEX idp_proof_certificate_number ON idp_proof_certificate (authority, state, serial, proof_id);
CREATE INDEX idp_proof_certificate_end ON idp_proof_certificate (state, ends_at);
-- What the revocation lists of an authority said last: nothing, and since when, or something.
CREATE TABLE idp_certificate_authority (
  authority TEXT PRIMARY KEY,
  issuer TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  answered_at BIGINT NOT NULL,
  silent_since BIGINT NOT NULL,
  silence TEXT NOT NULL
);
-- Evidence that was taken back hides no other of its level.
ALTER TABLE idp_proof ADD COLUMN withdrawn BIGINT NOT NULL DEFAULT 0;
