-- What ends the source's own session: sealed, beside the session of ours that came from there.
ALTER TABLE idp_upstream_session ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_upstream_session ADD COLUMN hint BYTEA;
