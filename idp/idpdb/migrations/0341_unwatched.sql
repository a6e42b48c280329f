-- Evidence by certificates, to find what an earlier release left without a row of its certificate (idp_proof_certificate).
CREATE INDEX idp_proof_certified ON idp_proof (account_id, id) WHERE method IN ('certificate', 'organisation_certificate');
