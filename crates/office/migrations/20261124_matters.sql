-- A matter about one person: a family may have one in hand for each of several members.
ALTER TABLE case_file ADD COLUMN person_id BIGINT REFERENCES person (id);
DROP INDEX case_one_open;
CREATE UNIQUE INDEX case_one_open ON case_file (household_id, item, COALESCE(person_id, 0)) WHERE state = 'open';

-- Whether the lot fell on a case before it was decided (特困人员认定办法 art. 16), with everything needed to draw it again.
CREATE TABLE case_draw (
    case_id BIGINT PRIMARY KEY REFERENCES case_file (id),
    item TEXT NOT NULL,
    county_id BIGINT NOT NULL REFERENCES division (id),
    percent INTEGER NOT NULL CHECK (percent BETWEEN 1 AND 100),
    seed TEXT NOT NULL CHECK (seed <> ''),
    place INTEGER NOT NULL,
    drawn_before INTEGER NOT NULL,
    drawn BOOLEAN NOT NULL,
    drawn_at BIGINT NOT NULL,
    UNIQUE (county_id, item, place)
);

--sqlite CREATE TRIGGER case_draw_no_update BEFORE UPDATE ON case_draw BEGIN SELECT RAISE(ABORT, 'case_draw is append only'); END;
--sqlite CREATE TRIGGER case_draw_no_delete BEFORE DELETE ON case_draw BEGIN SELECT RAISE(ABORT, 'case_draw is append only'); END;
--postgres CREATE TRIGGER case_draw_append_only BEFORE UPDATE OR DELETE ON case_draw FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
