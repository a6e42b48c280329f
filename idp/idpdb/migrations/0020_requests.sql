CREATE TABLE idp_pushed_request (
  hash BYTEA PRIMARY KEY,
  client_id TEXT NOT NULL,
  params TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE TABLE idp_request_object (
  hash BYTEA PRIMARY KEY,
  until_at BIGINT NOT NULL
);
CREATE INDEX idp_pushed_request_end ON idp_pushed_request (expires_at);
CREATE INDEX idp_request_object_end ON idp_request_object (until_at);
CREATE TABLE idp_detail_type (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
);
