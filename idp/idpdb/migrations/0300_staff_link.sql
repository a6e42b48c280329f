-- Links of accounts of staff to subjects of sources that are for staff: a table of their own, because the realms never meet. A source
-- knows a member by one subject.
CREATE TABLE idp_staff_link (
  upstream_id TEXT NOT NULL,
  lookup BYTEA NOT NULL,
  account_id TEXT NOT NULL REFERENCES idp_staff (id),
  linked_at BIGINT NOT NULL,
  PRIMARY KEY (upstream_id, lookup)
);
CREATE UNIQUE INDEX idp_staff_link_account ON idp_staff_link (account_id, upstream_id);
