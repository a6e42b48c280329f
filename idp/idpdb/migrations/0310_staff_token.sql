-- Tokens by which staff call the API (docs/decisions/0013-staff-at-the-api.md): the secret as a keyed hash, bound to the session in which it was made.
CREATE TABLE idp_staff_token (
  id TEXT PRIMARY KEY,
  hash BYTEA NOT NULL UNIQUE,
  holder TEXT NOT NULL,
  sid TEXT NOT NULL,
  name TEXT NOT NULL,
  roles TEXT NOT NULL,
  signed_in_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL
);
CREATE INDEX idp_staff_token_holder ON idp_staff_token (holder, expires_at);
CREATE INDEX idp_staff_token_expires ON idp_staff_token (expires_at);
