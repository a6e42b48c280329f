-- What a support code belongs to.
CREATE INDEX idp_refused_request_code ON idp_refused_request (support_code);
