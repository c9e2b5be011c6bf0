-- What somebody should look at because the rules say so of what is on file. A lead decides nothing and takes nothing from anybody: a person
-- visits, tells, files, or closes it and says why.
CREATE TABLE lead (
    id {id},
    kind TEXT NOT NULL CHECK (kind IN ('unclaimed', 'review')),
    programme TEXT NOT NULL,
    exclusion_group TEXT NOT NULL,
    household_id BIGINT NOT NULL REFERENCES household (id),
    person_id BIGINT REFERENCES person (id),
    entitlement_id BIGINT REFERENCES entitlement (id),
    county_id BIGINT REFERENCES division (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    month INTEGER NOT NULL,
    amount_fen BIGINT,
    reasons TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    release_hash TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    outcome TEXT CHECK (outcome IN ('filed', 'told', 'declined', 'mistaken', 'reviewed', 'lapsed')),
    found_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by BIGINT REFERENCES staff (id),
    case_id BIGINT REFERENCES case_file (id),
    version BIGINT NOT NULL DEFAULT 1,
    CHECK ((state = 'closed') = (outcome IS NOT NULL)),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((kind = 'review') = (entitlement_id IS NOT NULL)),
    -- What a person said or judged is closed by a person.
    CHECK (outcome IS NULL OR outcome IN ('filed', 'lapsed') OR closed_by IS NOT NULL)
);
CREATE INDEX lead_todo ON lead (division_id, kind, state, id);
CREATE INDEX lead_by_household ON lead (household_id, id);
CREATE INDEX lead_open ON lead (id) WHERE state = 'open';
CREATE UNIQUE INDEX lead_one_review ON lead (entitlement_id) WHERE state = 'open' AND entitlement_id IS NOT NULL;

-- Whom a lead is about. Nobody is in two open leads about benefits that exclude each other.
CREATE TABLE lead_person (
    lead_id BIGINT NOT NULL REFERENCES lead (id),
    exclusion_group TEXT NOT NULL,
    person_id BIGINT NOT NULL REFERENCES person (id),
    still_open BOOLEAN NOT NULL,
    PRIMARY KEY (lead_id, person_id)
);
CREATE UNIQUE INDEX lead_person_once ON lead_person (exclusion_group, person_id) WHERE still_open;

-- What was done about it, in order.
CREATE TABLE lead_note (
    id {id},
    lead_id BIGINT NOT NULL REFERENCES lead (id),
    at BIGINT NOT NULL,
    staff_id BIGINT REFERENCES staff (id),
    deed TEXT NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX lead_note_by_lead ON lead_note (lead_id, id);

--sqlite CREATE TRIGGER lead_note_no_update BEFORE UPDATE ON lead_note BEGIN SELECT RAISE(ABORT, 'lead_note is append only'); END;
--sqlite CREATE TRIGGER lead_note_no_delete BEFORE DELETE ON lead_note BEGIN SELECT RAISE(ABORT, 'lead_note is append only'); END;
--postgres CREATE FUNCTION lead_note_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'lead_note is append only'; END $$;
--postgres CREATE TRIGGER lead_note_append_only BEFORE UPDATE OR DELETE ON lead_note FOR EACH ROW EXECUTE FUNCTION lead_note_append_only();
