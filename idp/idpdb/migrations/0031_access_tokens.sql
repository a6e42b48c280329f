-- Opaque access tokens: keyed hash and claims.
CREATE TABLE idp_opaque_token (
  hash BYTEA PRIMARY KEY,
  client_id TEXT NOT NULL,
  claims TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX idp_opaque_token_expires ON idp_opaque_token (expires_at);
-- Grants of a person are found when consent is withdrawn or the account ends.
CREATE INDEX idp_grant_account ON idp_grant (account_id, client_id);
