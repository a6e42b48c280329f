-- The tree of areas: path is the codes from the top, each closed by a stroke, so that everything below an area is one range.
CREATE TABLE idp_area (
  code TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  level BIGINT NOT NULL,
  path TEXT NOT NULL
);
CREATE INDEX idp_area_parent ON idp_area (parent, code);
CREATE TABLE idp_department (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  area TEXT NOT NULL,
  path TEXT NOT NULL,
  ended BIGINT NOT NULL
);
CREATE INDEX idp_department_path ON idp_department (path);
-- What staff may do and where. A holder's row is written with every change of the rights, so that two changes never pass each other.
CREATE TABLE idp_staff_holder (
  holder TEXT PRIMARY KEY,
  version BIGINT NOT NULL
);
CREATE TABLE idp_staff_right (
  id TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  role TEXT NOT NULL,
  area TEXT NOT NULL,
  path TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  granted_by TEXT NOT NULL,
  proposal_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  ended_at BIGINT NOT NULL,
  ended_by TEXT NOT NULL
);
CREATE INDEX idp_staff_right_holder ON idp_staff_right (holder, from_at, id);
CREATE INDEX idp_staff_right_path ON idp_staff_right (path, from_at, id);
