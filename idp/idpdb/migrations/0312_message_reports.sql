-- What providers say became of messages, by their own number for it. A report may come before the receipt of the message is stored.
CREATE TABLE idp_message_report (
  provider TEXT NOT NULL,
  reference TEXT NOT NULL,
  state TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (provider, reference)
);
CREATE INDEX idp_message_report_at ON idp_message_report (at);
CREATE INDEX idp_message_receipt_at ON idp_message_receipt (at);
-- Notices that go out by mail if the SMS turns out not to have arrived; sealed under the key of the account.
CREATE TABLE idp_message_fallback (
  id TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  reference TEXT NOT NULL,
  account_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  until_at BIGINT NOT NULL
);
CREATE INDEX idp_message_fallback_reference ON idp_message_fallback (provider, reference);
CREATE INDEX idp_message_fallback_account ON idp_message_fallback (account_id);
CREATE INDEX idp_message_fallback_until ON idp_message_fallback (until_at);
