-- A simulation that somebody kept: what was supposed, what would come of it, under which rules and for which population. Never changed.
CREATE TABLE simulation (
    id {id},
    division_id BIGINT NOT NULL REFERENCES division (id),
    title TEXT NOT NULL CHECK (title <> ''),
    note TEXT NOT NULL,
    month INTEGER NOT NULL,
    supposition TEXT NOT NULL,
    simulated TEXT NOT NULL,
    release_hash TEXT NOT NULL,
    made_by BIGINT NOT NULL REFERENCES staff (id),
    made_at BIGINT NOT NULL
);
CREATE INDEX simulation_by_division ON simulation (division_id, id);

-- The same on paper, set by a worker when somebody asked for it.
CREATE TABLE simulation_pdf (
    simulation_id BIGINT PRIMARY KEY REFERENCES simulation (id),
    asked_by BIGINT NOT NULL REFERENCES staff (id),
    asked_at BIGINT NOT NULL,
    pdf {bytes},
    failed TEXT
);

--sqlite CREATE TRIGGER simulation_no_update BEFORE UPDATE ON simulation BEGIN SELECT RAISE(ABORT, 'simulation is append only'); END;
--sqlite CREATE TRIGGER simulation_no_delete BEFORE DELETE ON simulation BEGIN SELECT RAISE(ABORT, 'simulation is append only'); END;
--postgres CREATE FUNCTION simulation_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'simulation is append only'; END $$;
--postgres CREATE TRIGGER simulation_append_only BEFORE UPDATE OR DELETE ON simulation FOR EACH ROW EXECUTE FUNCTION simulation_append_only();
