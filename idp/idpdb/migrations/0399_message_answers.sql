-- What people answered to a call or an SMS, as a provider told it: each once, by the provider's own number. Text and sender are not kept.
CREATE TABLE idp_message_answer (
  provider TEXT NOT NULL,
  id TEXT NOT NULL,
  channel TEXT NOT NULL,
  reference TEXT NOT NULL,
  lookup BYTEA NOT NULL,
  word TEXT NOT NULL,
  at BIGINT NOT NULL,
  request_id TEXT NOT NULL,
  PRIMARY KEY (provider, id)
);
CREATE INDEX idp_message_answer_reference ON idp_message_answer (provider, reference);
CREATE INDEX idp_message_answer_at ON idp_message_answer (at);
CREATE INDEX idp_message_receipt_reference ON idp_message_receipt (provider, reference);
