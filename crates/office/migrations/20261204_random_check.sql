-- A verification by sample: objects and inspectors drawn by one seed, with everything that is needed to draw them again.
CREATE TABLE random_check (
    id {id},
    division_id BIGINT NOT NULL REFERENCES division (id),
    kind TEXT NOT NULL CHECK (kind IN ('decisions', 'benefits', 'payments')),
    subject TEXT NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE NOT NULL,
    run_id BIGINT REFERENCES payment_run (id),
    confidence INTEGER NOT NULL CHECK (confidence IN (90, 95, 99)),
    margin_bp INTEGER NOT NULL CHECK (margin_bp BETWEEN 10 AND 3000),
    expected_bp INTEGER NOT NULL CHECK (expected_bp BETWEEN 10 AND 5000),
    population INTEGER NOT NULL CHECK (population > 0),
    population_sm3 TEXT NOT NULL,
    seed TEXT NOT NULL CHECK (seed <> ''),
    drawn INTEGER NOT NULL CHECK (drawn > 0),
    inspectors INTEGER NOT NULL CHECK (inspectors > 0),
    inspectors_each INTEGER NOT NULL CHECK (inspectors_each BETWEEN 1 AND 3),
    finish_on DATE NOT NULL,
    drawn_at BIGINT NOT NULL,
    drawn_by BIGINT NOT NULL REFERENCES staff (id),
    CHECK (until_on >= from_on),
    CHECK (drawn <= population),
    CHECK (inspectors_each <= inspectors),
    CHECK (run_id IS NULL OR kind = 'payments')
);
CREATE INDEX random_check_by_division ON random_check (division_id, kind, subject, until_on, id);

-- The whole population, numbered from one in the order of its ids before there was a seed.
CREATE TABLE random_check_object (
    check_id BIGINT NOT NULL REFERENCES random_check (id),
    place INTEGER NOT NULL CHECK (place > 0),
    object_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    township_id BIGINT NOT NULL REFERENCES division (id),
    entitlement_id BIGINT REFERENCES entitlement (id),
    PRIMARY KEY (check_id, place),
    UNIQUE (check_id, object_id)
);

-- Who was entered to inspect, numbered from one before there was a seed.
CREATE TABLE random_check_inspector (
    check_id BIGINT NOT NULL REFERENCES random_check (id),
    inspector INTEGER NOT NULL CHECK (inspector > 0),
    staff_id BIGINT NOT NULL REFERENCES staff (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    PRIMARY KEY (check_id, inspector),
    UNIQUE (check_id, staff_id)
);
CREATE INDEX random_check_inspector_by_staff ON random_check_inspector (staff_id, check_id);

CREATE TABLE random_check_drawn (
    check_id BIGINT NOT NULL,
    place INTEGER NOT NULL,
    lot TEXT NOT NULL,
    PRIMARY KEY (check_id, place),
    FOREIGN KEY (check_id, place) REFERENCES random_check_object (check_id, place)
);

-- Inspectors over whom the lot passes for an object: their own office's, what they prepared themselves, their own family's.
CREATE TABLE random_check_barred (
    check_id BIGINT NOT NULL,
    place INTEGER NOT NULL,
    inspector INTEGER NOT NULL,
    why TEXT NOT NULL CHECK (why IN ('office', 'own', 'family')),
    PRIMARY KEY (check_id, place, inspector),
    FOREIGN KEY (check_id, place) REFERENCES random_check_drawn (check_id, place),
    FOREIGN KEY (check_id, inspector) REFERENCES random_check_inspector (check_id, inspector)
);

CREATE TABLE random_check_assigned (
    check_id BIGINT NOT NULL,
    place INTEGER NOT NULL,
    inspector INTEGER NOT NULL,
    lot TEXT NOT NULL,
    PRIMARY KEY (check_id, place, inspector),
    FOREIGN KEY (check_id, place) REFERENCES random_check_drawn (check_id, place),
    FOREIGN KEY (check_id, inspector) REFERENCES random_check_inspector (check_id, inspector)
);
CREATE INDEX random_check_assigned_by_inspector ON random_check_assigned (check_id, inspector, place);

-- What was found; a later version mends an earlier one, and both stay.
CREATE TABLE random_check_result (
    check_id BIGINT NOT NULL,
    place INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    found_right BOOLEAN NOT NULL,
    error TEXT,
    amount_fen BIGINT CHECK (amount_fen >= 0),
    found_at BIGINT NOT NULL,
    found_by BIGINT NOT NULL REFERENCES staff (id),
    PRIMARY KEY (check_id, place, version),
    FOREIGN KEY (check_id, place) REFERENCES random_check_drawn (check_id, place),
    CHECK (found_right = (error IS NULL)),
    CHECK (error IS NOT NULL OR amount_fen IS NULL)
);

--sqlite CREATE TRIGGER random_check_no_update BEFORE UPDATE ON random_check BEGIN SELECT RAISE(ABORT, 'random_check is append only'); END;
--sqlite CREATE TRIGGER random_check_no_delete BEFORE DELETE ON random_check BEGIN SELECT RAISE(ABORT, 'random_check is append only'); END;
--sqlite CREATE TRIGGER random_check_object_no_update BEFORE UPDATE ON random_check_object BEGIN SELECT RAISE(ABORT, 'random_check_object is append only'); END;
--sqlite CREATE TRIGGER random_check_object_no_delete BEFORE DELETE ON random_check_object BEGIN SELECT RAISE(ABORT, 'random_check_object is append only'); END;
--sqlite CREATE TRIGGER random_check_inspector_no_update BEFORE UPDATE ON random_check_inspector BEGIN SELECT RAISE(ABORT, 'random_check_inspector is append only'); END;
--sqlite CREATE TRIGGER random_check_inspector_no_delete BEFORE DELETE ON random_check_inspector BEGIN SELECT RAISE(ABORT, 'random_check_inspector is append only'); END;
--sqlite CREATE TRIGGER random_check_drawn_no_update BEFORE UPDATE ON random_check_drawn BEGIN SELECT RAISE(ABORT, 'random_check_drawn is append only'); END;
--sqlite CREATE TRIGGER random_check_drawn_no_delete BEFORE DELETE ON random_check_drawn BEGIN SELECT RAISE(ABORT, 'random_check_drawn is append only'); END;
--sqlite CREATE TRIGGER random_check_barred_no_update BEFORE UPDATE ON random_check_barred BEGIN SELECT RAISE(ABORT, 'random_check_barred is append only'); END;
--sqlite CREATE TRIGGER random_check_barred_no_delete BEFORE DELETE ON random_check_barred BEGIN SELECT RAISE(ABORT, 'random_check_barred is append only'); END;
--sqlite CREATE TRIGGER random_check_assigned_no_update BEFORE UPDATE ON random_check_assigned BEGIN SELECT RAISE(ABORT, 'random_check_assigned is append only'); END;
--sqlite CREATE TRIGGER random_check_assigned_no_delete BEFORE DELETE ON random_check_assigned BEGIN SELECT RAISE(ABORT, 'random_check_assigned is append only'); END;
--sqlite CREATE TRIGGER random_check_result_no_update BEFORE UPDATE ON random_check_result BEGIN SELECT RAISE(ABORT, 'random_check_result is append only'); END;
--sqlite CREATE TRIGGER random_check_result_no_delete BEFORE DELETE ON random_check_result BEGIN SELECT RAISE(ABORT, 'random_check_result is append only'); END;
--postgres CREATE TRIGGER random_check_append_only BEFORE UPDATE OR DELETE ON random_check FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
--postgres CREATE TRIGGER random_check_object_append_only BEFORE UPDATE OR DELETE ON random_check_object FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
--postgres CREATE TRIGGER random_check_inspector_append_only BEFORE UPDATE OR DELETE ON random_check_inspector FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
--postgres CREATE TRIGGER random_check_drawn_append_only BEFORE UPDATE OR DELETE ON random_check_drawn FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
--postgres CREATE TRIGGER random_check_barred_append_only BEFORE UPDATE OR DELETE ON random_check_barred FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
--postgres CREATE TRIGGER random_check_assigned_append_only BEFORE UPDATE OR DELETE ON random_check_assigned FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
--postgres CREATE TRIGGER random_check_result_append_only BEFORE UPDATE OR DELETE ON random_check_result FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
