-- What the tables of registers (made from the packs, see office::records::tables) hold, by register and field: a type never changes.
CREATE TABLE record_column (
    register TEXT NOT NULL,
    list TEXT NOT NULL,
    field TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (register, list, field)
);

-- Files read into a register.
CREATE TABLE record_import (
    id {id},
    register TEXT NOT NULL,
    upload_id BIGINT NOT NULL REFERENCES upload (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    name TEXT NOT NULL,
    sm3 TEXT NOT NULL,
    rows_total BIGINT NOT NULL,
    rows_done BIGINT NOT NULL DEFAULT 0,
    added BIGINT NOT NULL DEFAULT 0,
    changed BIGINT NOT NULL DEFAULT 0,
    unchanged BIGINT NOT NULL DEFAULT 0,
    refused TEXT NOT NULL DEFAULT '[]',
    state TEXT NOT NULL CHECK (state IN ('importing', 'done', 'undoing', 'undone')),
    undone BIGINT NOT NULL DEFAULT 0,
    kept BIGINT NOT NULL DEFAULT 0,
    imported_by BIGINT NOT NULL REFERENCES staff (id),
    imported_at BIGINT NOT NULL,
    undone_by BIGINT REFERENCES staff (id),
    undone_at BIGINT,
    undo_reason TEXT,
    CHECK ((undone_by IS NULL) = (undo_reason IS NULL))
);
CREATE INDEX record_import_by_register ON record_import (register, division_id, id);

-- Every version of every record, whole and sealed, with who and why. Append only.
CREATE TABLE record_history (
    id {id},
    register TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    at BIGINT NOT NULL,
    staff_id BIGINT REFERENCES staff (id),
    deed TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    import_id BIGINT REFERENCES record_import (id),
    answers_sealed {bytes} NOT NULL,
    UNIQUE (register, record_id, version)
);
CREATE INDEX record_history_by_import ON record_history (import_id, id) WHERE import_id IS NOT NULL;

--sqlite CREATE TRIGGER record_history_is_kept BEFORE UPDATE ON record_history BEGIN SELECT RAISE(ABORT, 'record_history is append only'); END;
--sqlite CREATE TRIGGER record_history_is_not_deleted BEFORE DELETE ON record_history BEGIN SELECT RAISE(ABORT, 'record_history is append only'); END;
--postgres CREATE FUNCTION record_history_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'record_history is append only'; END $$;
--postgres CREATE TRIGGER record_history_is_kept BEFORE UPDATE OR DELETE ON record_history FOR EACH ROW EXECUTE FUNCTION record_history_is_kept();

-- What recurs: one row for each time it falls due.
CREATE TABLE record_duty (
    id {id},
    register TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    duty TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    office_id BIGINT NOT NULL REFERENCES division (id),
    title TEXT NOT NULL,
    shown_on DATE NOT NULL,
    due_on DATE NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'lapsed')),
    done_on DATE,
    done_by BIGINT REFERENCES staff (id),
    note TEXT,
    form TEXT,
    release_hash TEXT,
    answers_sealed {bytes},
    made_at BIGINT NOT NULL,
    UNIQUE (register, record_id, duty, due_on),
    CHECK ((state = 'done') = (done_on IS NOT NULL))
);
CREATE UNIQUE INDEX record_duty_one_open ON record_duty (register, record_id, duty) WHERE state = 'open';
CREATE INDEX record_duty_open ON record_duty (office_id, due_on, id) WHERE state = 'open';
CREATE INDEX record_duty_by_division ON record_duty (division_id, state, due_on, id);
CREATE INDEX record_duty_rates ON record_duty (register, duty, due_on);

-- What must not be true and is.
CREATE TABLE record_alert (
    id {id},
    register TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    alert TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    office_id BIGINT NOT NULL REFERENCES division (id),
    title TEXT NOT NULL,
    urgent BOOLEAN NOT NULL,
    read TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'gone', 'closed')),
    raised_at BIGINT NOT NULL,
    ended_at BIGINT,
    closed_by BIGINT REFERENCES staff (id),
    reason TEXT,
    CHECK ((state = 'closed') = (closed_by IS NOT NULL)),
    CHECK ((closed_by IS NULL) OR (reason IS NOT NULL))
);
CREATE UNIQUE INDEX record_alert_one_open ON record_alert (register, record_id, alert) WHERE state = 'open';
CREATE INDEX record_alert_open ON record_alert (office_id, raised_at, id) WHERE state = 'open';
CREATE INDEX record_alert_by_division ON record_alert (division_id, state, id);
CREATE INDEX record_alert_by_record ON record_alert (register, record_id, id);
