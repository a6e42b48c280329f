-- Who asked for the deletion of a child's account; empty: the person itself. A node of the release before shows such a wish as the account's
-- own, and its worker erases nothing while the guardian's link holds, which is a blocker there.
ALTER TABLE idp_deletion ADD COLUMN guardian TEXT NOT NULL DEFAULT '';
