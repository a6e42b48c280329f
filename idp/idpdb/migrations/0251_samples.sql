-- Automatic passes that people look at again (抽检): the case that they decide, the evidence that it is about, and what came of it.
CREATE TABLE idp_case_sample (
  case_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  proof_id TEXT NOT NULL,
  method TEXT NOT NULL,
  drawn_at BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  decided_at BIGINT NOT NULL
);
CREATE INDEX idp_case_sample_account ON idp_case_sample (account_id);
CREATE INDEX idp_case_sample_method ON idp_case_sample (method, drawn_at);
