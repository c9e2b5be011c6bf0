-- Persons and families, once: everything else points here.
CREATE TABLE person (
    id {id},
    county_id BIGINT REFERENCES division (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    residence_division_id BIGINT NOT NULL REFERENCES division (id),
    name TEXT NOT NULL,
    citizen_id_sealed {bytes} NOT NULL,
    citizen_id_blind TEXT NOT NULL UNIQUE,
    citizen_id_tail_blind TEXT NOT NULL,
    sex TEXT NOT NULL CHECK (sex IN ('male', 'female')),
    born_on DATE NOT NULL,
    died_on DATE,
    phone_sealed {bytes},
    phone_blind TEXT,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    CHECK (died_on IS NULL OR died_on >= born_on)
);
CREATE INDEX person_by_name ON person (name, born_on);
CREATE INDEX person_by_tail ON person (citizen_id_tail_blind, name);
CREATE INDEX person_by_phone ON person (phone_blind) WHERE phone_blind IS NOT NULL;
CREATE INDEX person_by_division ON person (division_id, id);
CREATE INDEX person_by_residence ON person (residence_division_id, id);

-- Words of a name (code points, pinyin, initials) and the divisions above the person, for indexed search.
--sqlite CREATE VIRTUAL TABLE person_search USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii');
--postgres CREATE TABLE person_search (rowid BIGINT PRIMARY KEY, words TEXT NOT NULL, document TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, words)) STORED);
--postgres CREATE INDEX person_search_document ON person_search USING gin (document);

CREATE TABLE household (
    id {id},
    county_id BIGINT REFERENCES division (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    registered_division_id BIGINT NOT NULL REFERENCES division (id),
    area TEXT NOT NULL CHECK (area IN ('urban', 'rural')),
    address_sealed {bytes},
    split_from_household_id BIGINT REFERENCES household (id),
    closed_on DATE,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);
CREATE INDEX household_by_division ON household (division_id, id);
CREATE INDEX household_by_registered ON household (registered_division_id, id);

-- Where a family stood, with two times: the row of `household` is the present.
CREATE TABLE household_place (
    id {id},
    household_id BIGINT NOT NULL REFERENCES household (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    registered_division_id BIGINT NOT NULL REFERENCES division (id),
    area TEXT NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE,
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT,
    reason TEXT NOT NULL,
    case_id BIGINT,
    recorded_by BIGINT,
    CHECK (until_on IS NULL OR until_on >= from_on)
);
CREATE INDEX household_place_history ON household_place (household_id, from_on);
CREATE UNIQUE INDEX household_place_current ON household_place (household_id) WHERE until_on IS NULL AND superseded_at IS NULL;

-- Who lived in which family, valid [from_on, until_on), believed [recorded_at, superseded_at).
CREATE TABLE membership (
    id {id},
    household_id BIGINT NOT NULL REFERENCES household (id),
    person_id BIGINT NOT NULL REFERENCES person (id),
    relation TEXT NOT NULL,
    head BOOLEAN NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE,
    recorded_at BIGINT NOT NULL,
    superseded_at BIGINT,
    reason TEXT NOT NULL,
    case_id BIGINT,
    recorded_by BIGINT,
    CHECK (until_on IS NULL OR until_on >= from_on)
);
CREATE UNIQUE INDEX membership_one_family ON membership (person_id) WHERE until_on IS NULL AND superseded_at IS NULL;
CREATE UNIQUE INDEX membership_one_head ON membership (household_id) WHERE head AND until_on IS NULL AND superseded_at IS NULL;
CREATE INDEX membership_by_household ON membership (household_id, person_id);
CREATE INDEX membership_by_person ON membership (person_id, from_on);

-- What was said or found about a person or a family, by whom, for when, since when we know it.
CREATE TABLE fact (
    id {id},
    person_id BIGINT REFERENCES person (id),
    household_id BIGINT REFERENCES household (id),
    fact TEXT NOT NULL,
    value TEXT,
    from_on DATE NOT NULL,
    until_on DATE,
    source TEXT NOT NULL,
    known_at BIGINT NOT NULL,
    superseded_at BIGINT,
    case_id BIGINT,
    evidence TEXT,
    recorded_by BIGINT,
    CHECK ((person_id IS NULL) <> (household_id IS NULL)),
    CHECK (until_on IS NULL OR until_on > from_on)
);
CREATE INDEX fact_by_person ON fact (person_id, fact, from_on) WHERE person_id IS NOT NULL;
CREATE INDEX fact_by_household ON fact (household_id, fact, from_on) WHERE household_id IS NOT NULL;
CREATE INDEX fact_by_from ON fact (from_on, id);
CREATE INDEX fact_by_until ON fact (until_on, id) WHERE until_on IS NOT NULL;
CREATE INDEX fact_by_case ON fact (case_id) WHERE case_id IS NOT NULL;

-- Today's effective value of every fact: columns are added from the pack, never taken away.
CREATE TABLE person_now (person_id BIGINT PRIMARY KEY REFERENCES person (id));
CREATE TABLE household_now (household_id BIGINT PRIMARY KEY REFERENCES household (id));
CREATE TABLE projection_column (
    subject TEXT NOT NULL CHECK (subject IN ('person', 'household')),
    fact TEXT NOT NULL,
    sql_type TEXT NOT NULL,
    PRIMARY KEY (subject, fact)
);

CREATE TABLE bank_account (
    id {id},
    person_id BIGINT NOT NULL REFERENCES person (id),
    holder_name TEXT NOT NULL,
    bank TEXT NOT NULL,
    number_sealed {bytes} NOT NULL,
    number_blind TEXT NOT NULL,
    number_tail TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (person_id, number_blind)
);
CREATE INDEX bank_account_by_number ON bank_account (number_blind);

-- Two records that look like one person, or a number that several persons share; a person decides.
CREATE TABLE duplicate_flag (
    id {id},
    person_id BIGINT NOT NULL REFERENCES person (id),
    other_person_id BIGINT NOT NULL REFERENCES person (id),
    reason TEXT NOT NULL CHECK (reason IN ('same_name_and_birth', 'same_phone', 'same_account')),
    found_at BIGINT NOT NULL,
    settled_at BIGINT,
    settled_by BIGINT,
    settlement TEXT,
    CHECK (person_id < other_person_id),
    UNIQUE (person_id, other_person_id, reason)
);
CREATE INDEX duplicate_flag_other ON duplicate_flag (other_person_id);
