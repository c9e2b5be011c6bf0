-- Records of registers that the actions of a case entered: referrals, conferences, agreements.
CREATE TABLE case_entry (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    event_id BIGINT NOT NULL REFERENCES case_event (id),
    register TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    entered_on DATE NOT NULL,
    UNIQUE (register, record_id)
);
CREATE INDEX case_entry_by_case ON case_entry (case_id, id);
