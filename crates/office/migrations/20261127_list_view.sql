-- Lists as somebody likes to see them: what is asked of a list, kept under a name for oneself or for everybody of the office.
CREATE TABLE list_view (
    id {id},
    list TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    staff_id BIGINT NOT NULL REFERENCES staff (id),
    name TEXT NOT NULL,
    shared BOOLEAN NOT NULL,
    -- What is asked may hold names and numbers of people.
    asked_sealed {bytes} NOT NULL,
    made_at BIGINT NOT NULL,
    UNIQUE (list, division_id, staff_id, name)
);

-- With which of them a list opens, for each of the staff.
CREATE TABLE list_view_default (
    list TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    staff_id BIGINT NOT NULL REFERENCES staff (id),
    view_id BIGINT NOT NULL REFERENCES list_view (id),
    PRIMARY KEY (list, division_id, staff_id)
);
CREATE INDEX list_view_default_of ON list_view_default (view_id);
