CREATE TABLE audit_lane (
  lane BIGINT PRIMARY KEY,
  number BIGINT NOT NULL,
  link BYTEA NOT NULL
);
CREATE TABLE audit_event (
  lane BIGINT NOT NULL,
  number BIGINT NOT NULL,
  at BIGINT NOT NULL,
  type TEXT NOT NULL,
  object_type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  body TEXT NOT NULL,
  link BYTEA NOT NULL,
  PRIMARY KEY (lane, number)
);
CREATE INDEX audit_event_object ON audit_event (object_type, object_id, number);
CREATE INDEX audit_event_time ON audit_event (at);
