-- Purging looks for the tokens of a grant.
CREATE INDEX idp_refresh_token_grant ON idp_refresh_token (grant_id);
