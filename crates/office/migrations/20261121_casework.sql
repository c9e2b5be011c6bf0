-- One matter in hand, its trace, its clocks, and everything that was recorded on the way.
CREATE TABLE case_file (
    id {id},
    number TEXT NOT NULL UNIQUE,
    item TEXT NOT NULL,
    release_hash TEXT NOT NULL,
    channel TEXT NOT NULL,
    applicant_person_id BIGINT NOT NULL REFERENCES person (id),
    household_id BIGINT NOT NULL REFERENCES household (id),
    members INTEGER NOT NULL,
    county_id BIGINT NOT NULL REFERENCES division (id),
    township_id BIGINT NOT NULL REFERENCES division (id),
    village_id BIGINT NOT NULL REFERENCES division (id),
    registered_division_id BIGINT NOT NULL REFERENCES division (id),
    deciding_division_id BIGINT NOT NULL REFERENCES division (id),
    delegated BOOLEAN NOT NULL,
    step TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'ended')),
    outcome TEXT,
    filed_on DATE NOT NULL,
    filed_by BIGINT REFERENCES staff (id),
    accepted_on DATE,
    due_on DATE,
    decided_on DATE,
    ended_on DATE,
    entitlement_id BIGINT REFERENCES entitlement (id),
    determination_id BIGINT,
    account_id BIGINT REFERENCES bank_account (id),
    proxy_sealed {bytes},
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    CHECK ((state = 'ended') = (outcome IS NOT NULL)),
    CHECK ((state = 'ended') = (ended_on IS NOT NULL))
);
CREATE INDEX case_by_township ON case_file (township_id, id);
CREATE INDEX case_by_county ON case_file (county_id, id);
CREATE INDEX case_by_village ON case_file (village_id, id);
CREATE INDEX case_by_applicant ON case_file (applicant_person_id, id);
CREATE INDEX case_by_household ON case_file (household_id, id);
CREATE INDEX case_by_entitlement ON case_file (entitlement_id) WHERE entitlement_id IS NOT NULL;
-- One matter of a kind at a time for a family: a form sent twice, or by two people, meets this wall.
CREATE UNIQUE INDEX case_one_open ON case_file (household_id, item) WHERE state = 'open';

-- Numbers by item, county and year; gaps are allowed, repetition is not.
CREATE TABLE case_number (
    item TEXT NOT NULL,
    county_id BIGINT NOT NULL,
    year INTEGER NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (item, county_id, year)
);

-- Who may see a case: where it was filed, where the family is registered, where it is decided.
CREATE TABLE case_division (
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    PRIMARY KEY (case_id, division_id)
);
CREATE INDEX case_division_by_division ON case_division (division_id, case_id);

-- What was done, by whom, in order. Append only.
CREATE TABLE case_event (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    at BIGINT NOT NULL,
    staff_id BIGINT REFERENCES staff (id),
    person_id BIGINT REFERENCES person (id),
    office TEXT NOT NULL,
    action TEXT NOT NULL,
    title TEXT NOT NULL,
    step_from TEXT,
    step_to TEXT,
    reasons TEXT,
    public_text TEXT
);
CREATE INDEX case_event_by_case ON case_event (case_id, id);

-- Answers of a form, sealed as a whole: what rules need of them stands in `fact`.
CREATE TABLE case_form (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    event_id BIGINT NOT NULL REFERENCES case_event (id),
    form TEXT NOT NULL,
    release_hash TEXT NOT NULL,
    answers_sealed {bytes} NOT NULL
);
CREATE INDEX case_form_by_case ON case_form (case_id, id);

-- Visits, objections, complaints, appraisals, hearings, relatives of staff, spot checks: each with the form that records it.
CREATE TABLE case_record (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    event_id BIGINT NOT NULL REFERENCES case_event (id),
    form_id BIGINT REFERENCES case_form (id),
    kind TEXT NOT NULL CHECK (kind IN ('visit', 'objection', 'complaint', 'appraisal', 'hearing', 'relative', 'sample')),
    level TEXT NOT NULL,
    recorded_on DATE NOT NULL
);
CREATE INDEX case_record_by_case ON case_record (case_id, kind, id);

-- An officer's recorded judgement on a condition that is not a number.
CREATE TABLE finding (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    event_id BIGINT NOT NULL REFERENCES case_event (id),
    condition TEXT NOT NULL,
    met BOOLEAN,
    reason TEXT NOT NULL,
    staff_id BIGINT NOT NULL REFERENCES staff (id),
    recorded_on DATE NOT NULL
);
CREATE INDEX finding_by_case ON finding (case_id, condition, id);

-- Work for exactly one office.
CREATE TABLE task (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    role TEXT NOT NULL,
    step TEXT NOT NULL,
    title TEXT NOT NULL,
    clock TEXT,
    due_on DATE NOT NULL,
    earliest_on DATE,
    side BOOLEAN NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'dropped')),
    created_at BIGINT NOT NULL,
    done_at BIGINT,
    done_by BIGINT REFERENCES staff (id)
);
CREATE INDEX task_todo ON task (division_id, role, due_on, id) WHERE state = 'open';
CREATE INDEX task_by_case ON task (case_id, state);
CREATE INDEX task_done ON task (division_id, done_at) WHERE state = 'done';

CREATE TABLE case_clock (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    clock TEXT NOT NULL,
    started_on DATE NOT NULL,
    limit_unit TEXT NOT NULL CHECK (limit_unit IN ('working_days', 'natural_days', 'months')),
    limit_count INTEGER NOT NULL,
    due_on DATE,
    earliest_on DATE NOT NULL,
    latest_on DATE NOT NULL,
    extended_basis TEXT,
    extended_reason TEXT,
    ended_on DATE,
    UNIQUE (case_id, clock, started_on)
);
CREATE UNIQUE INDEX case_clock_running ON case_clock (case_id, clock) WHERE ended_on IS NULL;
CREATE INDEX case_clock_late ON case_clock (latest_on) WHERE ended_on IS NULL;

-- What hangs in the village: name of the applicant, number of members, amount; nothing else.
CREATE TABLE notice (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    village_id BIGINT NOT NULL REFERENCES division (id),
    kind TEXT NOT NULL CHECK (kind IN ('publicity', 'result')),
    title TEXT NOT NULL,
    applicant_name TEXT NOT NULL,
    members INTEGER NOT NULL,
    amount_fen BIGINT,
    from_on DATE NOT NULL,
    until_on DATE,
    closed_on DATE,
    posted_by BIGINT REFERENCES staff (id),
    CHECK (until_on IS NULL OR until_on >= from_on)
);
CREATE INDEX notice_by_case ON notice (case_id, kind, id);
CREATE INDEX notice_by_village ON notice (village_id, kind, id);
CREATE UNIQUE INDEX notice_open ON notice (case_id, kind) WHERE closed_on IS NULL;

-- What the rules said, with everything needed to say it again.
CREATE TABLE determination (
    id {id},
    case_id BIGINT REFERENCES case_file (id),
    household_id BIGINT NOT NULL REFERENCES household (id),
    programme TEXT NOT NULL,
    month INTEGER NOT NULL,
    law_on DATE NOT NULL,
    known_at BIGINT NOT NULL,
    release_hash TEXT NOT NULL,
    language_version TEXT NOT NULL,
    inputs TEXT NOT NULL,
    context TEXT NOT NULL,
    result TEXT NOT NULL,
    outcome TEXT NOT NULL,
    amount_fen BIGINT,
    digest TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    made_by BIGINT REFERENCES staff (id)
);
CREATE INDEX determination_by_case ON determination (case_id, id);
CREATE INDEX determination_by_household ON determination (household_id, id);

-- Photos and scans. The bytes are sealed: a scan of an identity card is an identity card.
CREATE TABLE attachment (
    id {id},
    owner TEXT NOT NULL,
    case_id BIGINT REFERENCES case_file (id),
    name TEXT NOT NULL,
    mime TEXT NOT NULL,
    size BIGINT NOT NULL,
    sm3 TEXT NOT NULL,
    content_sealed {bytes} NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX attachment_by_case ON attachment (case_id);
CREATE INDEX attachment_by_owner ON attachment (owner, created_at);

-- A letter is data first; the PDF is made by a worker and may be made again.
CREATE TABLE letter (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    letter TEXT NOT NULL,
    number TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    release_hash TEXT NOT NULL,
    content_sealed {bytes} NOT NULL,
    dated_on DATE NOT NULL,
    made_at BIGINT NOT NULL,
    pdf_sealed {bytes},
    failed TEXT,
    delivered_on DATE
);
CREATE INDEX letter_by_case ON letter (case_id, id);
CREATE INDEX letter_waiting ON letter (id) WHERE pdf_sealed IS NULL;

-- A form that is not finished yet: saved page by page, sealed, for its owner alone.
CREATE TABLE draft (
    id {id},
    owner TEXT NOT NULL,
    item TEXT NOT NULL,
    form TEXT NOT NULL,
    case_id BIGINT REFERENCES case_file (id),
    entitlement_id BIGINT REFERENCES entitlement (id),
    answers_sealed {bytes} NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    submitted_case_id BIGINT REFERENCES case_file (id)
);
CREATE INDEX draft_by_owner ON draft (owner, updated_at);

--sqlite CREATE TRIGGER case_event_no_update BEFORE UPDATE ON case_event BEGIN SELECT RAISE(ABORT, 'case_event is append only'); END;
--sqlite CREATE TRIGGER case_event_no_delete BEFORE DELETE ON case_event BEGIN SELECT RAISE(ABORT, 'case_event is append only'); END;
--sqlite CREATE TRIGGER determination_no_update BEFORE UPDATE ON determination BEGIN SELECT RAISE(ABORT, 'determination is append only'); END;
--sqlite CREATE TRIGGER determination_no_delete BEFORE DELETE ON determination BEGIN SELECT RAISE(ABORT, 'determination is append only'); END;
--postgres CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append only', TG_TABLE_NAME; END $$;
--postgres CREATE TRIGGER case_event_append_only BEFORE UPDATE OR DELETE ON case_event FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
--postgres CREATE TRIGGER determination_append_only BEFORE UPDATE OR DELETE ON determination FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
