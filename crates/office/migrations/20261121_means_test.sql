-- Who allowed which department to be asked about them, and what the departments answered.
CREATE TABLE authorisation (
    id {id},
    person_id BIGINT NOT NULL REFERENCES person (id),
    case_id BIGINT REFERENCES case_file (id),
    method TEXT NOT NULL CHECK (method IN ('statement', 'signature', 'scan')),
    attachment_id BIGINT REFERENCES attachment (id),
    guardian_person_id BIGINT REFERENCES person (id),
    whole BOOLEAN NOT NULL,
    signed_on DATE NOT NULL,
    expires_on DATE,
    revoked_at BIGINT,
    revoked_by BIGINT,
    revoked_reason TEXT,
    recorded_by BIGINT REFERENCES staff (id),
    recorded_at BIGINT NOT NULL,
    CHECK (expires_on IS NULL OR expires_on >= signed_on),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL)),
    CHECK (method = 'statement' OR attachment_id IS NOT NULL)
);
CREATE INDEX authorisation_by_person ON authorisation (person_id, id);
CREATE INDEX authorisation_by_case ON authorisation (case_id) WHERE case_id IS NOT NULL;

-- What an authorisation covers. The person stands here too, so that a query can name all three.
CREATE TABLE authorisation_dataset (
    authorisation_id BIGINT NOT NULL REFERENCES authorisation (id),
    person_id BIGINT NOT NULL,
    dataset TEXT NOT NULL,
    PRIMARY KEY (authorisation_id, person_id, dataset)
);

-- A department's file. One file is in use for each source (a bank, a registry) of a data set.
CREATE TABLE department_file (
    id {id},
    dataset TEXT NOT NULL,
    source TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    upload_id BIGINT NOT NULL UNIQUE REFERENCES upload (id),
    name TEXT NOT NULL,
    sm3 TEXT NOT NULL,
    as_of DATE NOT NULL,
    row_count BIGINT NOT NULL,
    left_out BIGINT NOT NULL,
    person_count BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('importing', 'ready', 'replaced')),
    imported_by BIGINT NOT NULL REFERENCES staff (id),
    imported_at BIGINT NOT NULL,
    UNIQUE (division_id, dataset, source, sm3)
);
CREATE INDEX department_file_by_dataset ON department_file (dataset, division_id, id);
CREATE UNIQUE INDEX department_file_in_use ON department_file (division_id, dataset, source) WHERE state = 'ready';

-- Rows wait under the blind index of the citizen ID; they belong to nobody until an authorised query finds them.
CREATE TABLE department_row (
    file_id BIGINT NOT NULL REFERENCES department_file (id),
    number INTEGER NOT NULL,
    citizen_id_blind TEXT NOT NULL,
    as_of DATE NOT NULL,
    row_sealed {bytes} NOT NULL,
    PRIMARY KEY (file_id, number)
);
CREATE INDEX department_row_by_person ON department_row (citizen_id_blind, file_id);

CREATE TABLE means_request (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    requested_at BIGINT NOT NULL,
    requested_by BIGINT REFERENCES staff (id),
    started_at BIGINT,
    started_by BIGINT REFERENCES staff (id),
    reported_at BIGINT
);
CREATE INDEX means_request_by_case ON means_request (case_id, id);
CREATE UNIQUE INDEX means_request_open ON means_request (case_id) WHERE reported_at IS NULL;

-- One question about one person to one data set. Without an authorisation of that person that covers that data set
-- and is in force on that day, the row cannot exist.
CREATE TABLE means_query (
    id {id},
    request_id BIGINT NOT NULL REFERENCES means_request (id),
    person_id BIGINT NOT NULL REFERENCES person (id),
    dataset TEXT NOT NULL,
    authorisation_id BIGINT NOT NULL,
    asked_on DATE NOT NULL,
    asked_at BIGINT NOT NULL,
    asked_by BIGINT NOT NULL REFERENCES staff (id),
    purpose TEXT NOT NULL CHECK (purpose <> ''),
    found BIGINT NOT NULL,
    as_of DATE NOT NULL,
    FOREIGN KEY (authorisation_id, person_id, dataset) REFERENCES authorisation_dataset (authorisation_id, person_id, dataset)
);
CREATE INDEX means_query_by_request ON means_query (request_id, id);
CREATE INDEX means_query_by_person ON means_query (person_id, id);
CREATE INDEX means_query_by_authorisation ON means_query (authorisation_id);

-- What was answered and how it differs from what the family declared. Sealed: it holds everything.
CREATE TABLE means_report (
    id {id},
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    request_id BIGINT NOT NULL UNIQUE REFERENCES means_request (id),
    made_at BIGINT NOT NULL,
    made_by BIGINT NOT NULL REFERENCES staff (id),
    purpose TEXT NOT NULL,
    release_hash TEXT NOT NULL,
    differences BIGINT NOT NULL,
    not_asked BIGINT NOT NULL,
    content_sealed {bytes} NOT NULL
);
CREATE INDEX means_report_by_case ON means_report (case_id, id);

--sqlite CREATE TRIGGER means_query_authorised BEFORE INSERT ON means_query WHEN NOT EXISTS (SELECT 1 FROM authorisation a WHERE a.id = NEW.authorisation_id AND a.revoked_at IS NULL AND a.signed_on <= NEW.asked_on AND (a.expires_on IS NULL OR a.expires_on >= NEW.asked_on)) BEGIN SELECT RAISE(ABORT, 'means_query without an authorisation in force'); END;
--sqlite CREATE TRIGGER means_query_no_update BEFORE UPDATE ON means_query BEGIN SELECT RAISE(ABORT, 'append-only: means_query'); END;
--sqlite CREATE TRIGGER means_query_no_delete BEFORE DELETE ON means_query BEGIN SELECT RAISE(ABORT, 'append-only: means_query'); END;
--sqlite CREATE TRIGGER means_report_no_update BEFORE UPDATE ON means_report BEGIN SELECT RAISE(ABORT, 'append-only: means_report'); END;
--sqlite CREATE TRIGGER means_report_no_delete BEFORE DELETE ON means_report BEGIN SELECT RAISE(ABORT, 'append-only: means_report'); END;
--postgres CREATE FUNCTION means_query_authorised() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM authorisation a WHERE a.id = NEW.authorisation_id AND a.revoked_at IS NULL AND a.signed_on <= NEW.asked_on AND (a.expires_on IS NULL OR a.expires_on >= NEW.asked_on)) THEN RAISE EXCEPTION 'means_query without an authorisation in force'; END IF; RETURN NEW; END $$;
--postgres CREATE TRIGGER means_query_authorised BEFORE INSERT ON means_query FOR EACH ROW EXECUTE FUNCTION means_query_authorised();
--postgres CREATE FUNCTION means_test_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME; END $$;
--postgres CREATE TRIGGER means_query_append_only BEFORE UPDATE OR DELETE ON means_query FOR EACH ROW EXECUTE FUNCTION means_test_append_only();
--postgres CREATE TRIGGER means_report_append_only BEFORE UPDATE OR DELETE ON means_report FOR EACH ROW EXECUTE FUNCTION means_test_append_only();
