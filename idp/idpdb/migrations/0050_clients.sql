-- A rotated secret lets the one before it work on for a while; a retired client never comes back.
ALTER TABLE idp_client ADD COLUMN old_mac BYTEA;
ALTER TABLE idp_client ADD COLUMN old_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idp_client ADD COLUMN retired_at BIGINT NOT NULL DEFAULT 0;
-- What authorization requests named otherwise than it is registered, for the owner of the client.
CREATE TABLE idp_refused_request (
  client_id TEXT NOT NULL,
  parameter TEXT NOT NULL,
  received TEXT NOT NULL,
  seen BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  support_code TEXT NOT NULL,
  PRIMARY KEY (client_id, parameter, received)
);
CREATE INDEX idp_refused_request_last ON idp_refused_request (last_at);
