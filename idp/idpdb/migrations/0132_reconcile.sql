-- Comparisons of accounts with registers.
CREATE TABLE idp_reconcile_run (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  cursor_at TEXT NOT NULL,
  counts TEXT NOT NULL,
  actions BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  finished_at BIGINT NOT NULL
);
CREATE INDEX idp_reconcile_run_started ON idp_reconcile_run (started_at);
CREATE TABLE idp_reconcile_finding (
  run_id TEXT NOT NULL REFERENCES idp_reconcile_run (id),
  account_id TEXT NOT NULL,
  result TEXT NOT NULL,
  actions TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (run_id, account_id)
);
