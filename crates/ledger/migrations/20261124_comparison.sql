-- The comparison of a run with the month before, in figures, as it was reckoned when the run was made (JSON): a page that shows a
-- hundred thousand families' differences does not look at each of them again.
ALTER TABLE payment_run ADD COLUMN comparison TEXT;
