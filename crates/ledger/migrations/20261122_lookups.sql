-- A line number is looked up by its number only. As a whole index over (run_id, line_no) it also offered itself for every
-- search of a run's line by its family: of a run that is just being made PostgreSQL's statistics know nothing, it took the
-- run to be empty, and read all of its lines for each family. SQLite chooses well.
--postgres CREATE UNIQUE INDEX payment_line_number ON payment_line (run_id, line_no) WHERE line_no IS NOT NULL;
--postgres ALTER TABLE payment_line DROP CONSTRAINT payment_line_run_id_line_no_key;

-- All amounts of an entitlement, the superseded ones too: the comparison of a run asks for them by the thousand.
CREATE INDEX entitlement_amount_by_entitlement ON entitlement_amount (entitlement_id, id);
