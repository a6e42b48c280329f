-- Rows of jobs that failed: when they are tried again, and the pause before that. What was done is not due any more, so its row here is left
-- to the purge.
CREATE TABLE idp_deferred (
  job TEXT NOT NULL,
  row_id TEXT NOT NULL,
  pause BIGINT NOT NULL,
  retry_at BIGINT NOT NULL,
  PRIMARY KEY (job, row_id)
);
CREATE INDEX idp_deferred_retry ON idp_deferred (retry_at);
