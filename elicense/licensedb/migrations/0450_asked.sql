-- The nonce of the request that a showing answers, in hexadecimal; empty where nobody asked.
ALTER TABLE lic_presentation ADD COLUMN asked TEXT NOT NULL DEFAULT '';
