-- Whether the document of a request lies in the store, and when it was removed. Kept in the body says that it was given, which approvals are bound to.
ALTER TABLE seal_use ADD COLUMN kept BIGINT NOT NULL DEFAULT 0;
ALTER TABLE seal_use ADD COLUMN removed_at BIGINT NOT NULL DEFAULT 0;
UPDATE seal_use SET kept = 1 WHERE body LIKE '%"Kept":true%';
CREATE INDEX seal_use_document ON seal_use (kept, source_sm3);
