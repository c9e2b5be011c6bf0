-- A draw by lot of decided cases, with everything needed to draw it again: the seed and the whole population.
CREATE TABLE sample_draw (
    id {id},
    item TEXT NOT NULL,
    county_id BIGINT NOT NULL REFERENCES division (id),
    from_on DATE NOT NULL,
    until_on DATE NOT NULL,
    delegated_only BOOLEAN NOT NULL,
    percent INTEGER NOT NULL CHECK (percent BETWEEN 1 AND 100),
    percent_source TEXT NOT NULL,
    seed TEXT NOT NULL CHECK (seed <> ''),
    population INTEGER NOT NULL,
    always INTEGER NOT NULL,
    by_lot INTEGER NOT NULL,
    population_sm3 TEXT NOT NULL,
    finish_on DATE NOT NULL,
    drawn_at BIGINT NOT NULL,
    drawn_by BIGINT NOT NULL REFERENCES staff (id),
    CHECK (until_on >= from_on),
    CHECK (always + by_lot <= population)
);
CREATE INDEX sample_draw_by_county ON sample_draw (county_id, item, until_on, id);

-- Every case of the population, drawn or not; the result of a check stands with the drawn ones.
CREATE TABLE sample_member (
    draw_id BIGINT NOT NULL REFERENCES sample_draw (id),
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    number TEXT NOT NULL,
    lot TEXT NOT NULL,
    reason TEXT CHECK (reason IN ('relative', 'complaint', 'lot')),
    found_right BOOLEAN,
    checked_on DATE,
    checked_by BIGINT REFERENCES staff (id),
    PRIMARY KEY (draw_id, case_id),
    CHECK (reason IS NOT NULL OR found_right IS NULL),
    CHECK ((found_right IS NULL) = (checked_on IS NULL))
);
CREATE INDEX sample_member_by_case ON sample_member (case_id);

--sqlite CREATE TRIGGER sample_draw_no_update BEFORE UPDATE ON sample_draw BEGIN SELECT RAISE(ABORT, 'sample_draw is append only'); END;
--sqlite CREATE TRIGGER sample_draw_no_delete BEFORE DELETE ON sample_draw BEGIN SELECT RAISE(ABORT, 'sample_draw is append only'); END;
--sqlite CREATE TRIGGER sample_member_no_delete BEFORE DELETE ON sample_member BEGIN SELECT RAISE(ABORT, 'sample_member is append only'); END;
--postgres CREATE TRIGGER sample_draw_append_only BEFORE UPDATE OR DELETE ON sample_draw FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
--postgres CREATE TRIGGER sample_member_append_only BEFORE DELETE ON sample_member FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
