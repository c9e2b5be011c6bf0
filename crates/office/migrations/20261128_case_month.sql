-- Past months of a benefit as a case reckons them anew: what was due and paid then, and what it should have been by what is known now. `should_fen`
-- is empty where something is still unknown, and such a month is left as it was. A new reckoning stands beside the old; what is decided is the last.
CREATE TABLE case_month (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    reckoning INTEGER NOT NULL,
    month INTEGER NOT NULL,
    due_fen BIGINT NOT NULL,
    paid_fen BIGINT NOT NULL,
    should_fen BIGINT CHECK (should_fen >= 0),
    said TEXT NOT NULL,
    determination_id BIGINT REFERENCES determination (id),
    made_at BIGINT NOT NULL,
    UNIQUE (case_id, reckoning, month)
);

--sqlite CREATE TRIGGER case_month_no_update BEFORE UPDATE ON case_month BEGIN SELECT RAISE(ABORT, 'case_month is append only'); END;
--sqlite CREATE TRIGGER case_month_no_delete BEFORE DELETE ON case_month BEGIN SELECT RAISE(ABORT, 'case_month is append only'); END;
--postgres CREATE FUNCTION case_month_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'case_month is append only'; END $$;
--postgres CREATE TRIGGER case_month_kept BEFORE UPDATE OR DELETE ON case_month FOR EACH ROW EXECUTE FUNCTION case_month_kept();
