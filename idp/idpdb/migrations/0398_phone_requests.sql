-- Requests to help an elder who confirms by telephone. One about a number is open at a time, whether or not anybody has that number; the
-- principal is empty where nobody is asked. Name and number as the helper typed them are sealed for the helper.
CREATE TABLE idp_phone_request (
  id TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  principal TEXT NOT NULL,
  lookup BYTEA NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  items TEXT NOT NULL,
  not_after BIGINT NOT NULL,
  state TEXT NOT NULL,
  code_mac BYTEA NOT NULL,
  tries BIGINT NOT NULL,
  code_until BIGINT NOT NULL,
  channel TEXT NOT NULL,
  message_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  ask_at BIGINT NOT NULL,
  asked_at BIGINT NOT NULL,
  answer_until BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  mandate_id TEXT NOT NULL
);
CREATE INDEX idp_phone_request_agent ON idp_phone_request (agent, created_at, id);
CREATE INDEX idp_phone_request_principal ON idp_phone_request (principal);
CREATE INDEX idp_phone_request_due ON idp_phone_request (state, ask_at);
CREATE INDEX idp_phone_request_message ON idp_phone_request (message_id);
CREATE INDEX idp_phone_request_number ON idp_phone_request (lookup, created_at);
CREATE UNIQUE INDEX idp_phone_request_open ON idp_phone_request (lookup) WHERE state IN ('code', 'waiting');
