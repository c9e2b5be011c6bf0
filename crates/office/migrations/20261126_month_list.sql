-- A list drawn up for a month of a benefit that nobody applies for (按月造册), such as the temporary price subsidy: whom the month's rule
-- covers, each person once, with what was decided on. One list for a county, programme and month; asked for again it takes in who came
-- late and never anybody twice.
CREATE TABLE month_list (
    id {id},
    county_id BIGINT NOT NULL REFERENCES division (id),
    programme TEXT NOT NULL,
    month INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('making', 'made')),
    release_hash TEXT NOT NULL REFERENCES pack_release (hash),
    known_at BIGINT NOT NULL,
    run_id BIGINT REFERENCES payment_run (id),
    made_by BIGINT NOT NULL REFERENCES staff (id),
    made_at BIGINT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    UNIQUE (county_id, programme, month)
);

-- A person whom the month's rule was asked about, with the answer. `inputs` and `release_hash` replay it.
CREATE TABLE month_list_line (
    id {id},
    list_id BIGINT NOT NULL REFERENCES month_list (id),
    person_id BIGINT NOT NULL REFERENCES person (id),
    household_id BIGINT NOT NULL REFERENCES household (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    through_entitlement_id BIGINT REFERENCES entitlement (id),
    outcome TEXT NOT NULL CHECK (outcome IN ('waiting', 'listed', 'covered', 'not_met', 'unknown')),
    amount_fen BIGINT NOT NULL DEFAULT 0 CHECK (amount_fen >= 0),
    reason TEXT,
    inputs TEXT,
    release_hash TEXT REFERENCES pack_release (hash),
    known_at BIGINT,
    entitlement_id BIGINT REFERENCES entitlement (id),
    UNIQUE (list_id, person_id),
    CHECK ((outcome = 'listed') = (entitlement_id IS NOT NULL)),
    CHECK (outcome <> 'listed' OR amount_fen > 0),
    CHECK (outcome IN ('waiting', 'listed') OR reason IS NOT NULL)
);
CREATE INDEX month_list_line_waiting ON month_list_line (list_id, through_entitlement_id, id) WHERE outcome = 'waiting';
CREATE INDEX month_list_line_by_outcome ON month_list_line (list_id, outcome, id);
CREATE INDEX month_list_line_by_person ON month_list_line (person_id);

--sqlite CREATE TRIGGER month_list_line_listed BEFORE UPDATE ON month_list_line WHEN OLD.outcome = 'listed' BEGIN SELECT RAISE(ABORT, 'a listed line stays'); END;
--sqlite CREATE TRIGGER month_list_line_no_delete BEFORE DELETE ON month_list_line BEGIN SELECT RAISE(ABORT, 'month_list_line is append only'); END;
--postgres CREATE FUNCTION month_list_line_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'UPDATE' AND OLD.outcome <> 'listed' THEN RETURN NEW; END IF; RAISE EXCEPTION 'a listed line stays'; END $$;
--postgres CREATE TRIGGER month_list_line_kept BEFORE UPDATE OR DELETE ON month_list_line FOR EACH ROW EXECUTE FUNCTION month_list_line_kept();
