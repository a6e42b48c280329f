-- Offline code cards (离线码): printed, signed, revocable through the status lists from presentation.FirstCardList on.
CREATE TABLE lic_card (
  holder_ref TEXT NOT NULL,
  id TEXT NOT NULL,
  pid_key TEXT NOT NULL,
  list_number BIGINT NOT NULL,
  list_index BIGINT NOT NULL,
  bits BIGINT NOT NULL,
  issued_by TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  PRIMARY KEY (holder_ref, id)
);
CREATE UNIQUE INDEX lic_card_pid ON lic_card (pid_key);
CREATE UNIQUE INDEX lic_card_entry ON lic_card (list_number, list_index);
CREATE INDEX lic_card_ended ON lic_card (list_number, list_index) WHERE bits > 0;
-- One live card of a holder: of two that are printed at the same moment one waits and replaces the other.
CREATE UNIQUE INDEX lic_card_live ON lic_card (holder_ref) WHERE bits = 0;
