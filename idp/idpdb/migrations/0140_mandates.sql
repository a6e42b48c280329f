-- Who may act for whom. A principal's mandates lie together; agents find theirs by the index.
CREATE TABLE idp_mandate (
  principal TEXT NOT NULL,
  id TEXT NOT NULL,
  agent TEXT NOT NULL,
  via TEXT NOT NULL,
  parent TEXT NOT NULL,
  depth BIGINT NOT NULL,
  kind TEXT NOT NULL,
  items TEXT NOT NULL,
  detail_types TEXT NOT NULL,
  rights TEXT NOT NULL,
  max_class BIGINT NOT NULL,
  delegable BIGINT NOT NULL,
  state TEXT NOT NULL,
  evidence TEXT NOT NULL,
  not_before BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  principal_at BIGINT NOT NULL,
  agent_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  ended_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  frozen_at BIGINT NOT NULL,
  warned_at BIGINT NOT NULL DEFAULT 0,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (principal, id)
);
CREATE INDEX idp_mandate_agent ON idp_mandate (agent, created_at);
CREATE INDEX idp_mandate_end ON idp_mandate (state, not_after);
-- What was done under a mandate, for both sides.
CREATE TABLE idp_mandate_use (
  principal TEXT NOT NULL,
  mandate_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  id TEXT NOT NULL,
  agent TEXT NOT NULL,
  client_id TEXT NOT NULL,
  PRIMARY KEY (principal, mandate_id, at, id)
);
-- Where a session signed in under a mandate: those parties are told when the mandate or the session ends.
CREATE TABLE idp_mandate_party (
  mandate_id TEXT NOT NULL,
  sid TEXT NOT NULL,
  client_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (mandate_id, sid, client_id)
);
CREATE INDEX idp_mandate_party_sid ON idp_mandate_party (sid);
-- As whom a session goes on at a client; an empty client is our own pages, an empty mandate the person itself.
CREATE TABLE idp_acting (
  sid TEXT NOT NULL,
  client_id TEXT NOT NULL,
  principal TEXT NOT NULL,
  mandate_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (sid, client_id)
);
ALTER TABLE idp_grant ADD COLUMN principal TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_grant ADD COLUMN mandate_id TEXT NOT NULL DEFAULT '';
CREATE INDEX idp_grant_mandate ON idp_grant (mandate_id) WHERE mandate_id <> '';
ALTER TABLE idp_authorization_code ADD COLUMN principal TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_authorization_code ADD COLUMN mandate_id TEXT NOT NULL DEFAULT '';
