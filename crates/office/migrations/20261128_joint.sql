-- A need that a family told once (救助一件事), and what came of it: matters filed together, needs handed to departments.
CREATE TABLE joint_matter (
    id {id},
    household_id BIGINT NOT NULL REFERENCES household (id),
    person_id BIGINT NOT NULL REFERENCES person (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    told_sealed {bytes} NOT NULL,
    told_on DATE NOT NULL,
    made_by BIGINT NOT NULL REFERENCES staff (id),
    made_at BIGINT NOT NULL
);
CREATE INDEX joint_matter_by_household ON joint_matter (household_id, id);
CREATE INDEX joint_matter_by_division ON joint_matter (division_id, told_on, id);

-- One part: a matter, which is a form until it is a case, or a record handed to a department. A form may be thrown away, so the part does not hold it.
CREATE TABLE joint_part (
    id {id},
    joint_id BIGINT NOT NULL REFERENCES joint_matter (id),
    item TEXT,
    draft_id BIGINT,
    case_id BIGINT REFERENCES case_file (id),
    register TEXT,
    code TEXT,
    record_id BIGINT,
    given_up_on DATE,
    given_up_reason TEXT,
    CHECK ((item IS NULL) <> (register IS NULL)),
    CHECK ((register IS NULL) = (record_id IS NULL)),
    CHECK ((given_up_on IS NULL) = (given_up_reason IS NULL)),
    CHECK (given_up_on IS NULL OR case_id IS NULL)
);
CREATE INDEX joint_part_by_joint ON joint_part (joint_id, id);
CREATE INDEX joint_part_by_draft ON joint_part (draft_id) WHERE draft_id IS NOT NULL AND case_id IS NULL;
CREATE INDEX joint_part_by_case ON joint_part (case_id) WHERE case_id IS NOT NULL;
