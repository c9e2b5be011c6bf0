-- A plan that is alive: who is in charge, what falls due, what is evaluated and by whom it is assessed, what is public.

-- Who is in charge of an entry of the plan (an indicator, a project or its stage, a task): an office, in it a section or a person, until when.
CREATE TABLE plan_charge (
    id {id},
    plan TEXT NOT NULL,
    entry TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    section TEXT NOT NULL CHECK (section <> ''),
    staff_id BIGINT REFERENCES staff (id),
    due_month INTEGER,
    set_by BIGINT NOT NULL REFERENCES staff (id),
    set_at BIGINT NOT NULL,
    ended_by BIGINT REFERENCES staff (id),
    ended_at BIGINT,
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
CREATE UNIQUE INDEX plan_charge_in_force ON plan_charge (plan, entry) WHERE ended_at IS NULL;

-- What an office in charge has to look at: raised once for its grounds, ended by itself when they are gone, or closed by a person with a reason.
CREATE TABLE plan_alert (
    id {id},
    plan TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('will_miss', 'late', 'due')),
    entry TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    due_month INTEGER NOT NULL,
    grounds TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'gone', 'closed')),
    raised_at BIGINT NOT NULL,
    ended_at BIGINT,
    closed_by BIGINT REFERENCES staff (id),
    reason TEXT,
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((state = 'closed') = (closed_by IS NOT NULL)),
    CHECK ((state = 'closed') = (reason IS NOT NULL))
);
CREATE UNIQUE INDEX plan_alert_open ON plan_alert (plan, kind, entry) WHERE state = 'open';
CREATE INDEX plan_alert_by_division ON plan_alert (division_id, state, id);

-- Text blocks of an evaluation. Every version stays; the newest is printed, in this run and in the next.
CREATE TABLE plan_evaluation_text (
    id {id},
    plan TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('yearly', 'midterm', 'final')),
    year INTEGER NOT NULL,
    section TEXT NOT NULL,
    words TEXT NOT NULL,
    written_by BIGINT NOT NULL REFERENCES staff (id),
    written_at BIGINT NOT NULL
);
CREATE INDEX plan_evaluation_text_newest ON plan_evaluation_text (plan, kind, year, section, id);

-- A press of the button: the figures as they were, frozen, and the paper that a worker sets from them.
CREATE TABLE plan_evaluation_run (
    id {id},
    plan TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('yearly', 'midterm', 'final')),
    year INTEGER NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    figures TEXT NOT NULL,
    run_by BIGINT NOT NULL REFERENCES staff (id),
    run_at BIGINT NOT NULL
);
CREATE INDEX plan_evaluation_run_newest ON plan_evaluation_run (plan, kind, year, id);

CREATE TABLE plan_evaluation_paper (
    run_id BIGINT PRIMARY KEY REFERENCES plan_evaluation_run (id),
    asked_at BIGINT NOT NULL,
    pdf {bytes},
    failed TEXT
);

-- What an assessor from outside says of an evaluation, and what the office answers. Nobody changes it.
CREATE TABLE plan_evaluation_comment (
    id {id},
    plan TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('yearly', 'midterm', 'final')),
    year INTEGER NOT NULL,
    about TEXT NOT NULL,
    words TEXT NOT NULL CHECK (words <> ''),
    written_by BIGINT NOT NULL REFERENCES staff (id),
    written_at BIGINT NOT NULL
);
CREATE INDEX plan_evaluation_comment_of ON plan_evaluation_comment (plan, kind, year, id);

CREATE TABLE plan_evaluation_answer (
    comment_id BIGINT PRIMARY KEY REFERENCES plan_evaluation_comment (id),
    words TEXT NOT NULL CHECK (words <> ''),
    answered_by BIGINT NOT NULL REFERENCES staff (id),
    answered_at BIGINT NOT NULL
);

-- Which entries of the plan are public: released by one who may, taken back by one who may; the history stays.
CREATE TABLE plan_public (
    id {id},
    plan TEXT NOT NULL,
    entry TEXT NOT NULL,
    released_by BIGINT NOT NULL REFERENCES staff (id),
    released_at BIGINT NOT NULL,
    withdrawn_by BIGINT REFERENCES staff (id),
    withdrawn_at BIGINT,
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
CREATE UNIQUE INDEX plan_public_in_force ON plan_public (plan, entry) WHERE withdrawn_at IS NULL;

--sqlite CREATE TRIGGER plan_evaluation_text_no_update BEFORE UPDATE ON plan_evaluation_text BEGIN SELECT RAISE(ABORT, 'plan_evaluation_text is append only'); END;
--sqlite CREATE TRIGGER plan_evaluation_text_no_delete BEFORE DELETE ON plan_evaluation_text BEGIN SELECT RAISE(ABORT, 'plan_evaluation_text is append only'); END;
--sqlite CREATE TRIGGER plan_evaluation_run_no_update BEFORE UPDATE ON plan_evaluation_run BEGIN SELECT RAISE(ABORT, 'plan_evaluation_run is append only'); END;
--sqlite CREATE TRIGGER plan_evaluation_run_no_delete BEFORE DELETE ON plan_evaluation_run BEGIN SELECT RAISE(ABORT, 'plan_evaluation_run is append only'); END;
--sqlite CREATE TRIGGER plan_evaluation_comment_no_update BEFORE UPDATE ON plan_evaluation_comment BEGIN SELECT RAISE(ABORT, 'plan_evaluation_comment is append only'); END;
--sqlite CREATE TRIGGER plan_evaluation_comment_no_delete BEFORE DELETE ON plan_evaluation_comment BEGIN SELECT RAISE(ABORT, 'plan_evaluation_comment is append only'); END;
--postgres CREATE FUNCTION plan_evaluation_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append only'; END $$;
--postgres CREATE TRIGGER plan_evaluation_text_append_only BEFORE UPDATE OR DELETE ON plan_evaluation_text FOR EACH ROW EXECUTE FUNCTION plan_evaluation_append_only();
--postgres CREATE TRIGGER plan_evaluation_run_append_only BEFORE UPDATE OR DELETE ON plan_evaluation_run FOR EACH ROW EXECUTE FUNCTION plan_evaluation_append_only();
--postgres CREATE TRIGGER plan_evaluation_comment_append_only BEFORE UPDATE OR DELETE ON plan_evaluation_comment FOR EACH ROW EXECUTE FUNCTION plan_evaluation_append_only();
