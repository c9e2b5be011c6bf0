-- Somebody outside the family who by law supports one of its members, and why they are asked. Asked about they are only with their own consent.
CREATE TABLE check_relative (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    person_id BIGINT NOT NULL REFERENCES person (id),
    duty TEXT NOT NULL CHECK (duty IN ('parents', 'children', 'spouse')),
    reason TEXT NOT NULL CHECK (reason <> ''),
    recorded_by BIGINT NOT NULL REFERENCES staff (id),
    recorded_at BIGINT NOT NULL,
    UNIQUE (case_id, person_id)
);

-- One question about one person to one department, with its own clock. Without an authorisation of that person that covers that data set and is in
-- force on that day, the row cannot exist.
CREATE TABLE check_request (
    id {id},
    request_id BIGINT NOT NULL REFERENCES means_request (id),
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    county_id BIGINT NOT NULL REFERENCES division (id),
    person_id BIGINT NOT NULL REFERENCES person (id),
    relative_id BIGINT REFERENCES check_relative (id),
    dataset TEXT NOT NULL,
    authorisation_id BIGINT NOT NULL,
    recheck_of BIGINT REFERENCES check_request (id),
    purpose TEXT NOT NULL CHECK (purpose <> ''),
    asked_on DATE NOT NULL,
    asked_at BIGINT NOT NULL,
    asked_by BIGINT NOT NULL REFERENCES staff (id),
    due_on DATE,
    state TEXT NOT NULL CHECK (state IN ('asked', 'partly', 'answered', 'no_record', 'refused', 'withdrawn')),
    settled_on DATE,
    settled_reason TEXT,
    valid_until DATE,
    CHECK ((state IN ('asked', 'partly')) = (settled_on IS NULL)),
    CHECK (state NOT IN ('refused', 'withdrawn') OR settled_reason IS NOT NULL),
    FOREIGN KEY (authorisation_id, person_id, dataset) REFERENCES authorisation_dataset (authorisation_id, person_id, dataset)
);
CREATE INDEX check_request_by_case ON check_request (case_id, id);
CREATE INDEX check_request_by_person ON check_request (person_id, dataset, id);
CREATE INDEX check_request_by_request ON check_request (request_id);
CREATE INDEX check_request_by_recheck ON check_request (recheck_of) WHERE recheck_of IS NOT NULL;
CREATE INDEX check_request_by_authorisation ON check_request (authorisation_id);
CREATE UNIQUE INDEX check_request_open ON check_request (case_id, person_id, dataset) WHERE state IN ('asked', 'partly');
CREATE INDEX check_request_waiting ON check_request (county_id, dataset, due_on, id) WHERE state IN ('asked', 'partly');

-- What came back, whole and sealed, as often as it came; the newest answer to a question counts.
CREATE TABLE check_answer (
    id {id},
    check_request_id BIGINT NOT NULL REFERENCES check_request (id),
    via TEXT NOT NULL CHECK (via IN ('desk', 'file', 'held', 'reused')),
    file_sm3 TEXT,
    received_at BIGINT NOT NULL,
    received_by BIGINT NOT NULL REFERENCES staff (id),
    as_of DATE NOT NULL,
    late BOOLEAN NOT NULL,
    answer_sealed {bytes} NOT NULL
);
CREATE INDEX check_answer_by_request ON check_answer (check_request_id, id);

-- What does not fit together. It changes nothing by itself; the family is told and may object.
CREATE TABLE check_contradiction (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    rule TEXT NOT NULL,
    person_id BIGINT REFERENCES person (id),
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'objected', 'rechecking', 'upheld', 'explained', 'cleared', 'replaced')),
    found_on DATE NOT NULL,
    found_at BIGINT NOT NULL,
    after_decision BOOLEAN NOT NULL,
    release_hash TEXT NOT NULL,
    told_at BIGINT,
    settled_at BIGINT,
    settled_by BIGINT REFERENCES staff (id),
    settled_words TEXT,
    content_sealed {bytes} NOT NULL
);
CREATE INDEX check_contradiction_by_case ON check_contradiction (case_id, id);

-- What the family says against it, kept whatever comes of it.
CREATE TABLE check_objection (
    id {id},
    contradiction_id BIGINT NOT NULL REFERENCES check_contradiction (id),
    person_id BIGINT REFERENCES person (id),
    recorded_by BIGINT REFERENCES staff (id),
    made_at BIGINT NOT NULL,
    words_sealed {bytes} NOT NULL,
    CHECK (person_id IS NOT NULL OR recorded_by IS NOT NULL)
);
CREATE INDEX check_objection_by_contradiction ON check_objection (contradiction_id, id);

-- Lists that went out to departments and answer files that came back: what, how many rows, and the SM3 of the file.
CREATE TABLE check_exchange (
    id {id},
    county_id BIGINT NOT NULL REFERENCES division (id),
    dataset TEXT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('out', 'in')),
    row_count BIGINT NOT NULL,
    sm3 TEXT NOT NULL,
    made_by BIGINT NOT NULL REFERENCES staff (id),
    made_at BIGINT NOT NULL
);
CREATE INDEX check_exchange_by_dataset ON check_exchange (county_id, dataset, id);

--sqlite CREATE TRIGGER check_request_authorised BEFORE INSERT ON check_request WHEN NOT EXISTS (SELECT 1 FROM authorisation a WHERE a.id = NEW.authorisation_id AND a.revoked_at IS NULL AND a.signed_on <= NEW.asked_on AND (a.expires_on IS NULL OR a.expires_on >= NEW.asked_on)) BEGIN SELECT RAISE(ABORT, 'check_request without an authorisation in force'); END;
--sqlite CREATE TRIGGER check_request_of_family BEFORE INSERT ON check_request WHEN NOT EXISTS (SELECT 1 FROM case_file c JOIN membership m ON m.household_id = c.household_id WHERE c.id = NEW.case_id AND m.person_id = NEW.person_id AND m.superseded_at IS NULL) AND NOT EXISTS (SELECT 1 FROM check_relative r WHERE r.id = NEW.relative_id AND r.case_id = NEW.case_id AND r.person_id = NEW.person_id) BEGIN SELECT RAISE(ABORT, 'check_request about somebody outside the family'); END;
--sqlite CREATE TRIGGER check_request_kept BEFORE UPDATE OF request_id, case_id, county_id, person_id, relative_id, dataset, authorisation_id, recheck_of, purpose, asked_on, asked_at, asked_by, due_on ON check_request BEGIN SELECT RAISE(ABORT, 'append-only: check_request'); END;
--sqlite CREATE TRIGGER check_request_no_delete BEFORE DELETE ON check_request BEGIN SELECT RAISE(ABORT, 'append-only: check_request'); END;
--sqlite CREATE TRIGGER check_answer_no_update BEFORE UPDATE ON check_answer BEGIN SELECT RAISE(ABORT, 'append-only: check_answer'); END;
--sqlite CREATE TRIGGER check_answer_no_delete BEFORE DELETE ON check_answer BEGIN SELECT RAISE(ABORT, 'append-only: check_answer'); END;
--sqlite CREATE TRIGGER check_objection_no_update BEFORE UPDATE ON check_objection BEGIN SELECT RAISE(ABORT, 'append-only: check_objection'); END;
--sqlite CREATE TRIGGER check_objection_no_delete BEFORE DELETE ON check_objection BEGIN SELECT RAISE(ABORT, 'append-only: check_objection'); END;
--postgres CREATE FUNCTION check_request_allowed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM authorisation a WHERE a.id = NEW.authorisation_id AND a.revoked_at IS NULL AND a.signed_on <= NEW.asked_on AND (a.expires_on IS NULL OR a.expires_on >= NEW.asked_on)) THEN RAISE EXCEPTION 'check_request without an authorisation in force'; END IF; IF NOT EXISTS (SELECT 1 FROM case_file c JOIN membership m ON m.household_id = c.household_id WHERE c.id = NEW.case_id AND m.person_id = NEW.person_id AND m.superseded_at IS NULL) AND NOT EXISTS (SELECT 1 FROM check_relative r WHERE r.id = NEW.relative_id AND r.case_id = NEW.case_id AND r.person_id = NEW.person_id) THEN RAISE EXCEPTION 'check_request about somebody outside the family'; END IF; RETURN NEW; END $$;
--postgres CREATE TRIGGER check_request_allowed BEFORE INSERT ON check_request FOR EACH ROW EXECUTE FUNCTION check_request_allowed();
--postgres CREATE TRIGGER check_request_kept BEFORE UPDATE OF request_id, case_id, county_id, person_id, relative_id, dataset, authorisation_id, recheck_of, purpose, asked_on, asked_at, asked_by, due_on ON check_request FOR EACH ROW EXECUTE FUNCTION means_test_append_only();
--postgres CREATE TRIGGER check_request_no_delete BEFORE DELETE ON check_request FOR EACH ROW EXECUTE FUNCTION means_test_append_only();
--postgres CREATE TRIGGER check_answer_append_only BEFORE UPDATE OR DELETE ON check_answer FOR EACH ROW EXECUTE FUNCTION means_test_append_only();
--postgres CREATE TRIGGER check_objection_append_only BEFORE UPDATE OR DELETE ON check_objection FOR EACH ROW EXECUTE FUNCTION means_test_append_only();
