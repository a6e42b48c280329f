-- Evidence by faces, for the count of what is stored of them.
CREATE INDEX idp_proof_face ON idp_proof (account_id, id) WHERE method = 'face';
