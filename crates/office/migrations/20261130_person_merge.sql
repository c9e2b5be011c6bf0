-- Two records of one person: the one that is given up points at the one that stays. What could follow was moved and is kept, row by row, in
-- `person_merge_moved`; what may never be rewritten (questions to departments, who acted in a case, listed lines) stays and is led on by this column.
ALTER TABLE person ADD COLUMN merged_into BIGINT REFERENCES person (id);
CREATE INDEX person_by_merged ON person (merged_into) WHERE merged_into IS NOT NULL;

CREATE INDEX authorisation_by_guardian ON authorisation (guardian_person_id) WHERE guardian_person_id IS NOT NULL;
CREATE INDEX check_relative_by_person ON check_relative (person_id);
CREATE INDEX joint_matter_by_person ON joint_matter (person_id);
CREATE INDEX case_by_person ON case_file (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX lead_by_person ON lead (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX lead_person_by_person ON lead_person (person_id);

-- The family that all of a family joined (并户).
ALTER TABLE household ADD COLUMN joined_into_household_id BIGINT REFERENCES household (id);
CREATE INDEX household_by_joined ON household (joined_into_household_id) WHERE joined_into_household_id IS NOT NULL;

CREATE TABLE person_merge (
    id {id},
    kept_person_id BIGINT NOT NULL REFERENCES person (id),
    dropped_person_id BIGINT NOT NULL REFERENCES person (id),
    state TEXT NOT NULL CHECK (state IN ('proposed', 'refused', 'done', 'undo_proposed', 'undone')),
    -- Why the number that is given up holds no longer: typed wrongly, or corrected or cancelled by the police.
    number_fate TEXT NOT NULL CHECK (number_fate IN ('mistyped', 'police')),
    evidence TEXT NOT NULL CHECK (evidence <> ''),
    -- JSON: which differing values of the record that is given up hold.
    choices TEXT NOT NULL,
    kept_version BIGINT NOT NULL,
    dropped_version BIGINT NOT NULL,
    proposed_by BIGINT NOT NULL REFERENCES staff (id),
    proposed_at BIGINT NOT NULL,
    settled_by BIGINT REFERENCES staff (id),
    settled_at BIGINT,
    settled_note TEXT,
    -- What the record that stays said before. Sealed: it holds a telephone number.
    before_sealed {bytes},
    undo_reason TEXT,
    undo_by BIGINT REFERENCES staff (id),
    undo_at BIGINT,
    undone_by BIGINT REFERENCES staff (id),
    undone_at BIGINT,
    CHECK (kept_person_id <> dropped_person_id),
    CHECK (settled_by <> proposed_by),
    CHECK (undone_by <> undo_by),
    CHECK ((state = 'proposed') = (settled_by IS NULL)),
    CHECK (state IN ('proposed', 'refused') OR before_sealed IS NOT NULL),
    CHECK (state <> 'undo_proposed' OR (undo_by IS NOT NULL AND undo_reason IS NOT NULL)),
    CHECK ((state = 'undone') = (undone_by IS NOT NULL))
);
-- A record is given up once, and while somebody thinks about it nobody proposes it again.
CREATE UNIQUE INDEX person_merge_dropped ON person_merge (dropped_person_id) WHERE state IN ('proposed', 'done', 'undo_proposed');
CREATE INDEX person_merge_kept ON person_merge (kept_person_id, id);

-- What was done to which row, for the undo: `place` is table and column, or `record:` and a register.
CREATE TABLE person_merge_moved (
    merge_id BIGINT NOT NULL REFERENCES person_merge (id),
    place TEXT NOT NULL,
    deed TEXT NOT NULL CHECK (deed IN ('moved', 'ended', 'copied', 'settled', 'made')),
    row_id BIGINT NOT NULL,
    was TEXT,
    PRIMARY KEY (merge_id, place, deed, row_id)
);

-- Nothing is granted to, and no matter begun for, a record that was given up.
--sqlite CREATE TRIGGER merged_is_granted_nothing BEFORE INSERT ON entitlement WHEN EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.holder_person_id AND p.merged_into IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'merged person: entitlement'); END;
--sqlite CREATE TRIGGER merged_is_covered_by_nothing BEFORE INSERT ON entitlement_member WHEN EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.merged_into IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'merged person: entitlement_member'); END;
--sqlite CREATE TRIGGER merged_files_nothing BEFORE INSERT ON case_file WHEN EXISTS (SELECT 1 FROM person p WHERE p.id IN (NEW.applicant_person_id, NEW.person_id) AND p.merged_into IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'merged person: case_file'); END;
--postgres CREATE FUNCTION merged_is_granted_nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.holder_person_id AND p.merged_into IS NOT NULL) THEN RAISE EXCEPTION 'merged person: entitlement'; END IF; RETURN NEW; END $$;
--postgres CREATE FUNCTION merged_is_covered_by_nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.merged_into IS NOT NULL) THEN RAISE EXCEPTION 'merged person: entitlement_member'; END IF; RETURN NEW; END $$;
--postgres CREATE FUNCTION merged_files_nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM person p WHERE p.id IN (NEW.applicant_person_id, NEW.person_id) AND p.merged_into IS NOT NULL) THEN RAISE EXCEPTION 'merged person: case_file'; END IF; RETURN NEW; END $$;
--postgres CREATE TRIGGER merged_is_granted_nothing BEFORE INSERT ON entitlement FOR EACH ROW EXECUTE FUNCTION merged_is_granted_nothing();
--postgres CREATE TRIGGER merged_is_covered_by_nothing BEFORE INSERT ON entitlement_member FOR EACH ROW EXECUTE FUNCTION merged_is_covered_by_nothing();
--postgres CREATE TRIGGER merged_files_nothing BEFORE INSERT ON case_file FOR EACH ROW EXECUTE FUNCTION merged_files_nothing();
