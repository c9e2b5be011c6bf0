-- What people add to the plans of the packs: values, adjusted targets, shares of counties and years, what becomes of milestones. The plan
-- itself, its printed targets and their quotes, is the release's and stands in no table. Numbers are whole and exact: units over ten to the scale.

-- A reported value; it counts when a second person has looked at it, until a newer one for the same month takes its place.
CREATE TABLE plan_value (
    id {id},
    plan TEXT NOT NULL,
    indicator TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    month INTEGER NOT NULL,
    units BIGINT NOT NULL,
    scale INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 6),
    evidence TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reported', 'confirmed', 'refused', 'replaced')),
    reported_by BIGINT NOT NULL REFERENCES staff (id),
    reported_at BIGINT NOT NULL,
    looked_by BIGINT REFERENCES staff (id),
    looked_at BIGINT,
    remark TEXT,
    CHECK ((state = 'reported') = (looked_by IS NULL)),
    CHECK ((looked_by IS NULL) = (looked_at IS NULL)),
    CHECK (looked_by <> reported_by),
    CHECK (state <> 'refused' OR remark IS NOT NULL)
);
CREATE UNIQUE INDEX plan_value_waiting ON plan_value (plan, indicator, division_id, month) WHERE state = 'reported';
CREATE UNIQUE INDEX plan_value_counts ON plan_value (plan, indicator, division_id, month) WHERE state = 'confirmed';
CREATE INDEX plan_value_by_indicator ON plan_value (plan, indicator, id);
CREATE INDEX plan_value_to_look_at ON plan_value (plan, id) WHERE state = 'reported';

-- A target changed while the plan runs: reason and document, made by one person and approved by another. The newest approved one holds.
CREATE TABLE plan_adjustment (
    id {id},
    plan TEXT NOT NULL,
    indicator TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    year INTEGER NOT NULL,
    units BIGINT NOT NULL,
    scale INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 6),
    reason TEXT NOT NULL,
    document TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'refused')),
    proposed_by BIGINT NOT NULL REFERENCES staff (id),
    proposed_at BIGINT NOT NULL,
    decided_by BIGINT REFERENCES staff (id),
    decided_at BIGINT,
    CHECK ((state = 'proposed') = (decided_by IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (decided_by <> proposed_by)
);
CREATE UNIQUE INDEX plan_adjustment_waiting ON plan_adjustment (plan, indicator) WHERE state = 'proposed';
CREATE INDEX plan_adjustment_by_indicator ON plan_adjustment (plan, indicator, id);

-- A target split over counties and years. The newest approved split of an indicator holds; its parts make the whole (`office::plans::split`).
CREATE TABLE plan_split (
    id {id},
    plan TEXT NOT NULL,
    indicator TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'refused')),
    proposed_by BIGINT NOT NULL REFERENCES staff (id),
    proposed_at BIGINT NOT NULL,
    decided_by BIGINT REFERENCES staff (id),
    decided_at BIGINT,
    CHECK ((state = 'proposed') = (decided_by IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (decided_by <> proposed_by)
);
CREATE UNIQUE INDEX plan_split_waiting ON plan_split (plan, indicator) WHERE state = 'proposed';
CREATE INDEX plan_split_by_indicator ON plan_split (plan, indicator, id);

CREATE TABLE plan_split_part (
    split_id BIGINT NOT NULL REFERENCES plan_split (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    year INTEGER NOT NULL,
    units BIGINT NOT NULL,
    scale INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 6),
    PRIMARY KEY (split_id, division_id, year)
);

-- What became of a stage of a project, in order; the last line is how it stands.
CREATE TABLE plan_stage_note (
    id {id},
    plan TEXT NOT NULL,
    stage TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    deed TEXT NOT NULL CHECK (deed IN ('started', 'moved', 'finished', 'reopened')),
    due_month INTEGER,
    words TEXT NOT NULL,
    document TEXT,
    noted_by BIGINT NOT NULL REFERENCES staff (id),
    noted_at BIGINT NOT NULL,
    -- A stage is moved to a month, with the document that moves it.
    CHECK ((deed = 'moved') = (due_month IS NOT NULL)),
    CHECK (deed <> 'moved' OR document IS NOT NULL)
);
CREATE INDEX plan_stage_note_by_stage ON plan_stage_note (plan, stage, id);

--sqlite CREATE TRIGGER plan_stage_note_no_update BEFORE UPDATE ON plan_stage_note BEGIN SELECT RAISE(ABORT, 'plan_stage_note is append only'); END;
--sqlite CREATE TRIGGER plan_stage_note_no_delete BEFORE DELETE ON plan_stage_note BEGIN SELECT RAISE(ABORT, 'plan_stage_note is append only'); END;
--postgres CREATE FUNCTION plan_stage_note_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'plan_stage_note is append only'; END $$;
--postgres CREATE TRIGGER plan_stage_note_append_only BEFORE UPDATE OR DELETE ON plan_stage_note FOR EACH ROW EXECUTE FUNCTION plan_stage_note_append_only();
