-- Uses of a seal are listed newest first.
CREATE INDEX seal_stamp_time ON seal_stamp (seal_id, created_at, id);
DROP INDEX seal_stamp_seal;
