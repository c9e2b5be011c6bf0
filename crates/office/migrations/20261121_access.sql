-- Staff, the posts they hold, sessions and the citizens' one-time codes.
CREATE TABLE staff (
    id {id},
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    phone_sealed {bytes},
    password TEXT NOT NULL,
    must_change BOOLEAN NOT NULL,
    person_id BIGINT REFERENCES person (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    disabled_at BIGINT,
    failed_count INTEGER NOT NULL DEFAULT 0,
    locked_until BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);
CREATE INDEX staff_by_division ON staff (division_id, id);
CREATE UNIQUE INDEX staff_by_person ON staff (person_id) WHERE person_id IS NOT NULL;

CREATE TABLE post (
    id {id},
    staff_id BIGINT NOT NULL REFERENCES staff (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    from_on DATE NOT NULL,
    until_on DATE,
    created_by BIGINT,
    created_at BIGINT NOT NULL,
    CHECK (until_on IS NULL OR until_on >= from_on)
);
CREATE INDEX post_by_staff ON post (staff_id, id);
CREATE INDEX post_by_division ON post (division_id, id);
CREATE TABLE post_role (
    post_id BIGINT NOT NULL REFERENCES post (id),
    role TEXT NOT NULL,
    PRIMARY KEY (post_id, role)
);
CREATE TABLE post_business (
    post_id BIGINT NOT NULL REFERENCES post (id),
    business TEXT NOT NULL,
    PRIMARY KEY (post_id, business)
);

CREATE TABLE session (
    id {id},
    token_hash TEXT NOT NULL UNIQUE,
    staff_id BIGINT REFERENCES staff (id),
    post_id BIGINT REFERENCES post (id),
    person_id BIGINT REFERENCES person (id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    idle_ms BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    large_text BOOLEAN NOT NULL DEFAULT FALSE,
    CHECK ((staff_id IS NULL) <> (person_id IS NULL))
);
CREATE INDEX session_by_staff ON session (staff_id) WHERE staff_id IS NOT NULL;
CREATE INDEX session_by_person ON session (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX session_by_expiry ON session (expires_at);

CREATE TABLE citizen_code (
    id {id},
    code_blind TEXT NOT NULL UNIQUE,
    person_id BIGINT NOT NULL REFERENCES person (id),
    channel TEXT NOT NULL CHECK (channel IN ('paper', 'face')),
    issued_by BIGINT NOT NULL REFERENCES staff (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    failed_count INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX citizen_code_by_person ON citizen_code (person_id, id);
