-- What one person proposes and another decides.
CREATE TABLE idp_proposal (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  object_type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  object_version TEXT NOT NULL,
  role TEXT NOT NULL,
  area TEXT NOT NULL,
  origin TEXT NOT NULL,
  reason TEXT NOT NULL,
  subject TEXT NOT NULL,
  needed BIGINT NOT NULL,
  approvals BIGINT NOT NULL,
  digest TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  decided_at BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  claimed_by TEXT NOT NULL,
  claimed_until BIGINT NOT NULL
);
CREATE INDEX idp_proposal_waits ON idp_proposal (state, role, area, created_at, id);
-- One row for each human behind a proposal, so that nobody has two parts in it, whatever the account.
CREATE TABLE idp_proposal_person (
  proposal_id TEXT NOT NULL,
  human TEXT NOT NULL,
  actor TEXT NOT NULL,
  part TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (proposal_id, human)
);
-- Corrections of identities lie here from now on. What was sealed at the former place does not open here, so that those that
-- waited are shown as expired and are proposed anew; those that were decided stay as history.
INSERT INTO idp_proposal (id, kind, state, object_type, object_id, object_version, role, area, origin, reason, subject, needed, approvals, digest, key_id, sealed, created_at, expires_at, decided_at, decided_by, claimed_by, claimed_until)
  SELECT id, 'identity.' || kind, CASE state WHEN 'applied' THEN 'executed' WHEN 'refused' THEN 'refused' ELSE 'expired' END, 'account', account_id, '', 'security_admin', '', origin, reason, '', 1, 0, '', '', '', created_at, created_at, decided_at, '', '', 0
  FROM idp_correction;
