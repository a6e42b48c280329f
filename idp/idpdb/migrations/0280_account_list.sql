-- Accounts in the order of administration's list, all or those in one state.
CREATE INDEX idp_account_created ON idp_account (created_at, id);
CREATE INDEX idp_account_state ON idp_account (state, created_at, id);
