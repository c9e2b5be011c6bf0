-- An indicator of the plan that is computed: by an indicator of the packs, or as the share of a register's duty that was done of what fell due.
-- While the link holds nobody types a value.
CREATE TABLE plan_link (
    id {id},
    plan TEXT NOT NULL,
    indicator TEXT NOT NULL,
    register TEXT,
    computed_by TEXT NOT NULL,
    linked_by BIGINT NOT NULL REFERENCES staff (id),
    linked_at BIGINT NOT NULL,
    ended_by BIGINT REFERENCES staff (id),
    ended_at BIGINT,
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
CREATE UNIQUE INDEX plan_link_in_force ON plan_link (plan, indicator) WHERE ended_at IS NULL;

-- The overview reads the confirmed values of one place.
CREATE INDEX plan_value_of_place ON plan_value (plan, division_id, indicator, month) WHERE state = 'confirmed';
