CREATE TABLE outbox_message (
  id TEXT PRIMARY KEY,
  topic TEXT NOT NULL,
  key TEXT NOT NULL,
  payload TEXT NOT NULL,
  stored_at BIGINT NOT NULL,
  position BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  state TEXT NOT NULL,
  last_error TEXT NOT NULL,
  settled_at BIGINT NOT NULL
);
CREATE INDEX outbox_message_due ON outbox_message (state, due_at);
CREATE INDEX outbox_message_key ON outbox_message (topic, key, state, stored_at);
