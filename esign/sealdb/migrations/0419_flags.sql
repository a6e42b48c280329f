-- How a use of a seal is unlike its others: used_by is who is behind it, flags are bits, volume says how many it was one of, flag_day is the day
-- (counted from 1970) on which it was flagged first.
ALTER TABLE seal_stamp ADD COLUMN used_by TEXT NOT NULL DEFAULT '';
ALTER TABLE seal_stamp ADD COLUMN flags BIGINT NOT NULL DEFAULT 0;
ALTER TABLE seal_stamp ADD COLUMN volume TEXT NOT NULL DEFAULT '';
ALTER TABLE seal_stamp ADD COLUMN flag_day BIGINT NOT NULL DEFAULT 0;
CREATE INDEX seal_stamp_flagged ON seal_stamp (seal_id, created_at, id) WHERE flags <> 0;
CREATE INDEX seal_stamp_flag_day ON seal_stamp (seal_id, flag_day, used_by) WHERE flags <> 0;
CREATE INDEX seal_use_refused ON seal_use (seal_id, requester, decided_at) WHERE state = 'refused';

-- How often a seal was used by hour of the day, for a month, and by whom and from where, for half a year.
CREATE TABLE seal_tally (
  seal_id TEXT NOT NULL,
  day BIGINT NOT NULL,
  hour BIGINT NOT NULL,
  uses BIGINT NOT NULL,
  PRIMARY KEY (seal_id, day, hour)
);
CREATE TABLE seal_user (
  seal_id TEXT NOT NULL,
  who TEXT NOT NULL,
  device TEXT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (seal_id, who, device)
);
-- What was before counts: without it every seal would be used for the first time. Hours are those of China; devices were not kept.
INSERT INTO seal_tally (seal_id, day, hour, uses)
  SELECT seal_id, (created_at + 28800000000) / 86400000000, ((created_at + 28800000000) / 3600000000) % 24, COUNT(*) FROM seal_stamp WHERE requester NOT LIKE 'system:%' GROUP BY 1, 2, 3;
INSERT INTO seal_user (seal_id, who, device, last_at)
  SELECT seal_id, requester, '', MAX(created_at) FROM seal_stamp WHERE requester NOT LIKE 'system:%' GROUP BY seal_id, requester;

-- Days with flagged uses of a seal: looked is how many there were when somebody last looked at them.
CREATE TABLE seal_flag_day (
  seal_id TEXT NOT NULL,
  day BIGINT NOT NULL,
  uses BIGINT NOT NULL,
  flags BIGINT NOT NULL,
  flagged_at BIGINT NOT NULL,
  looked BIGINT NOT NULL,
  looked_by TEXT NOT NULL,
  note TEXT NOT NULL,
  looked_at BIGINT NOT NULL,
  PRIMARY KEY (seal_id, day)
);
CREATE INDEX seal_flag_day_time ON seal_flag_day (day, seal_id);
CREATE INDEX seal_flag_day_open ON seal_flag_day (day, seal_id) WHERE looked < uses;
