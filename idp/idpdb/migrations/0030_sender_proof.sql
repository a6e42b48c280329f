-- Identifiers of client assertions and of DPoP proofs that were used: a unique insert decides (O-31, O-63).
CREATE TABLE idp_used_assertion (
  hash BYTEA PRIMARY KEY,
  until_at BIGINT NOT NULL
);
CREATE INDEX idp_used_assertion_until ON idp_used_assertion (until_at);
CREATE TABLE idp_used_proof (
  hash BYTEA PRIMARY KEY,
  until_at BIGINT NOT NULL
);
CREATE INDEX idp_used_proof_until ON idp_used_proof (until_at);
CREATE INDEX idp_revoked_token_until ON idp_revoked_token (until_at);
