-- What a division was called, which codes it bore and where it lay before: a row for each state that is over. The row of `division` is the
-- present one; since_on says since when.
CREATE TABLE division_past (
    id {id},
    division_id BIGINT NOT NULL REFERENCES division (id),
    code TEXT NOT NULL,
    mca_code TEXT,
    name TEXT NOT NULL,
    parent_id BIGINT REFERENCES division (id),
    from_on DATE,
    until_on DATE NOT NULL
);
CREATE INDEX division_past_of ON division_past (division_id, id);
CREATE INDEX division_past_code ON division_past (code);
CREATE INDEX division_past_mca_code ON division_past (mca_code);
CREATE INDEX division_past_name ON division_past (name);
ALTER TABLE division ADD COLUMN since_on DATE;
CREATE INDEX division_by_name ON division (name);
CREATE INDEX division_by_mca_code ON division (mca_code);

-- What an ended division became.
CREATE TABLE division_successor (
    division_id BIGINT NOT NULL REFERENCES division (id),
    successor_id BIGINT NOT NULL REFERENCES division (id),
    on_day DATE NOT NULL,
    PRIMARY KEY (division_id, successor_id),
    CHECK (division_id <> successor_id)
);
CREATE INDEX division_successor_of ON division_successor (successor_id);

-- What lay in what in which months [from_month, until_month): a month's figures are added up by the tree of that month, whatever the tree
-- became later. The closure is the present.
CREATE TABLE division_month (
    ancestor_id BIGINT NOT NULL REFERENCES division (id),
    descendant_id BIGINT NOT NULL REFERENCES division (id),
    from_month BIGINT NOT NULL,
    until_month BIGINT NOT NULL DEFAULT 1000000,
    PRIMARY KEY (ancestor_id, descendant_id, from_month),
    CHECK (from_month < until_month)
);
CREATE INDEX division_month_descendant ON division_month (descendant_id, ancestor_id);
INSERT INTO division_month (ancestor_id, descendant_id, from_month)
SELECT ancestor_id, descendant_id, 0 FROM division_closure;

--sqlite CREATE TRIGGER division_past_no_update BEFORE UPDATE ON division_past BEGIN SELECT RAISE(ABORT, 'division_past is append only'); END;
--sqlite CREATE TRIGGER division_past_no_delete BEFORE DELETE ON division_past BEGIN SELECT RAISE(ABORT, 'division_past is append only'); END;
--postgres CREATE FUNCTION division_past_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'division_past is append only'; END $$;
--postgres CREATE TRIGGER division_past_is_kept BEFORE UPDATE OR DELETE ON division_past FOR EACH ROW EXECUTE FUNCTION division_past_is_kept();
