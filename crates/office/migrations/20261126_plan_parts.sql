-- An alert speaks of the whole plan or of a county's part; an office in charge may set how long before its date it is reminded.

CREATE TABLE plan_alert_of (
    id {id},
    plan TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('will_miss', 'behind', 'late', 'due')),
    entry TEXT NOT NULL,
    -- The county whose part it is; none for the whole.
    part_id BIGINT REFERENCES division (id),
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
INSERT INTO plan_alert_of (id, plan, kind, entry, division_id, due_month, grounds, state, raised_at, ended_at, closed_by, reason)
    SELECT id, plan, kind, entry, division_id, due_month, grounds, state, raised_at, ended_at, closed_by, reason FROM plan_alert;
DROP TABLE plan_alert;
ALTER TABLE plan_alert_of RENAME TO plan_alert;
--postgres SELECT setval(pg_get_serial_sequence('plan_alert', 'id'), COALESCE((SELECT MAX(id) FROM plan_alert), 0) + 1, false);
CREATE UNIQUE INDEX plan_alert_open ON plan_alert (plan, kind, entry, COALESCE(part_id, 0)) WHERE state = 'open';
CREATE INDEX plan_alert_by_division ON plan_alert (division_id, state, id);

-- Months before the date; none: as the plan says.
ALTER TABLE plan_charge ADD COLUMN remind_months INTEGER CHECK (remind_months BETWEEN 0 AND 60);
