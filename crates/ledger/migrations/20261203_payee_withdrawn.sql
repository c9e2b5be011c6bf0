-- An account that is paid no more without another in its place: whose it was has died. Why, by whose entry and when; nothing is paid until another
-- account is entered and confirmed by a second person.
ALTER TABLE payee ADD COLUMN withdrawn_reason TEXT;
ALTER TABLE payee ADD COLUMN withdrawn_by BIGINT;
ALTER TABLE payee ADD COLUMN withdrawn_at BIGINT;
