-- Staff have accounts of their own. human is the keyed hash of the legal identity, by which two accounts of one person are known as one;
-- an account without it carries no right. The name is sealed under the ring's key.
CREATE TABLE idp_staff (
  id TEXT PRIMARY KEY,
  login TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  human BYTEA UNIQUE,
  name_key_id TEXT NOT NULL,
  name_sealed BYTEA NOT NULL,
  department TEXT NOT NULL,
  path TEXT NOT NULL,
  roles TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  credentials_at BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  enrol_hash BYTEA NOT NULL,
  enrol_until BIGINT NOT NULL,
  enrol_tries BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX idp_staff_path ON idp_staff (path, id);
CREATE TABLE idp_staff_credential (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES idp_staff (id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  lookup BYTEA NOT NULL UNIQUE,
  key_id TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  counter BIGINT NOT NULL,
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE INDEX idp_staff_credential_account ON idp_staff_credential (account_id, created_at);
CREATE INDEX idp_staff_credential_state ON idp_staff_credential (state, created_at);
-- Accounts of citizens that held a role or a right become accounts of staff that wait for their enrolment, under the same random part.
-- Their names are sealed elsewhere, so that they are called by their identifiers until a file or an administrator names them.
INSERT INTO idp_staff (id, login, state, human, name_key_id, name_sealed, department, path, roles, password_hash, credentials_at, made_by, enrol_hash, enrol_until, enrol_tries, created_at, updated_at, version)
  SELECT 'stf_' || substr(a.id, 5), 'stf_' || substr(a.id, 5), 'new', (SELECT i.lookup FROM idp_identity i WHERE i.account_id = a.id), '', '', '', '', a.roles, '', 0, 'operator:migration', '', 0, 0, a.created_at, a.updated_at, 1
  FROM idp_account a
  WHERE substr(a.id, 1, 4) = 'acc_' AND a.merged_into = '' AND (a.roles <> '' OR EXISTS (SELECT 1 FROM idp_staff_right r WHERE r.holder = 'account:' || a.id));
UPDATE idp_staff_right SET holder = 'staff:stf_' || substr(holder, 13) WHERE substr(holder, 1, 12) = 'account:acc_';
UPDATE idp_staff_holder SET holder = 'staff:stf_' || substr(holder, 13) WHERE substr(holder, 1, 12) = 'account:acc_';
UPDATE idp_case_review SET reviewer = 'stf_' || substr(reviewer, 5) WHERE substr(reviewer, 1, 4) = 'acc_';
UPDATE idp_counter_act SET clerk = 'staff:stf_' || substr(clerk, 13) WHERE review = 'open' AND substr(clerk, 1, 12) = 'account:acc_';
UPDATE idp_counter_act SET second_clerk = 'staff:stf_' || substr(second_clerk, 13) WHERE review = 'open' AND substr(second_clerk, 1, 12) = 'account:acc_';
UPDATE idp_counter_visit SET ended_at = expires_at WHERE ended_at = 0;
-- What a person proposed as a citizen's account is proposed anew: whoever approves is compared with who proposed.
UPDATE idp_proposal SET state = 'expired', sealed = '' WHERE state = 'open' AND id IN (SELECT proposal_id FROM idp_proposal_person);
-- The column stays empty from now on, for the release before, whose staff then hold nothing.
UPDATE idp_account SET roles = '', version = version + 1 WHERE roles <> '';
