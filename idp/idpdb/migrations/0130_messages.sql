-- The language of messages to a person, as last chosen.
ALTER TABLE idp_account ADD COLUMN locale TEXT NOT NULL DEFAULT '';
-- What became of messages. The recipient stands in none.
CREATE TABLE idp_message_receipt (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  template TEXT NOT NULL,
  provider TEXT NOT NULL,
  state TEXT NOT NULL,
  reference TEXT NOT NULL,
  parts BIGINT NOT NULL,
  at BIGINT NOT NULL
);
-- What a provider cost on a day (Beijing time).
CREATE TABLE idp_message_day (
  day TEXT NOT NULL,
  provider TEXT NOT NULL,
  cost BIGINT NOT NULL,
  messages BIGINT NOT NULL,
  PRIMARY KEY (day, provider)
);
