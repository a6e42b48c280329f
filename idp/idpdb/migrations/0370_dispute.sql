-- Questions belong to the department that received what they are about; who answered, and the steps that are taken once.
ALTER TABLE idp_dispute ADD COLUMN department TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_dispute ADD COLUMN answered_by TEXT NOT NULL DEFAULT '';
ALTER TABLE idp_dispute ADD COLUMN escalated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idp_dispute ADD COLUMN corrected_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idp_dispute ADD COLUMN reminded_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idp_dispute ADD COLUMN raised_at BIGINT NOT NULL DEFAULT 0;
UPDATE idp_dispute SET department = COALESCE((SELECT r.department FROM idp_release r WHERE r.account_id = idp_dispute.account_id AND r.id = idp_dispute.release_id AND r.channel <> 'passed'), '');
-- The names of departments that a line of the channel passed has are no identifiers: those questions stay the platform's.
UPDATE idp_dispute SET answered_by = 'department' WHERE state = 'answered';
UPDATE idp_dispute SET escalated_at = changed_at WHERE state = 'escalated';
-- What waits for an answer stands first, the longest overdue at the head; the rest by age, the newest first.
CREATE INDEX idp_dispute_order ON idp_dispute ((CASE WHEN state IN ('open', 'escalated') THEN due_at ELSE 4000000000000000000 - opened_at END), id);
CREATE INDEX idp_dispute_department ON idp_dispute (department, state, due_at);
