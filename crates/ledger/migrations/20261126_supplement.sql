-- A supplementary run (补充发放) hangs on the month's regular run like a re-issue, and says why it does not wait for the next month:
-- it pays what stands open after that run, whatever left it open.
ALTER TABLE payment_run ADD COLUMN supplement_reason TEXT CHECK (supplement_reason <> '');
