-- Administrators list and end what a client was granted.
CREATE INDEX idp_grant_client ON idp_grant (client_id, created_at);
