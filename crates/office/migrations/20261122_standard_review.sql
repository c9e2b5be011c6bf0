-- What a released standard means for each family that is paid: one proposal, which an officer decides.
CREATE TABLE standard_review (
    id {id},
    change_id BIGINT NOT NULL REFERENCES standard_change (id),
    entitlement_id BIGINT NOT NULL REFERENCES entitlement (id),
    county_id BIGINT NOT NULL REFERENCES division (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    from_month INTEGER NOT NULL,
    old_fen BIGINT NOT NULL,
    new_fen BIGINT,
    kind TEXT NOT NULL CHECK (kind IN ('increase', 'decrease', 'same', 'lost', 'unknown', 'differs')),
    note TEXT NOT NULL,
    determination_id BIGINT,
    release_hash TEXT NOT NULL REFERENCES pack_release (hash),
    language_version TEXT NOT NULL,
    context TEXT,
    result TEXT,
    state TEXT NOT NULL CHECK (state IN ('open', 'applied', 'settled', 'stale')),
    made_at BIGINT NOT NULL,
    decided_by BIGINT REFERENCES staff (id),
    decided_at BIGINT,
    UNIQUE (change_id, entitlement_id),
    CHECK (kind <> 'increase' OR new_fen > old_fen),
    CHECK (kind <> 'decrease' OR new_fen < old_fen),
    -- Nothing is taken from anybody in bulk (社会救助法 art. 48): a decrease is heard, in a case of its own.
    CHECK (state <> 'applied' OR (kind = 'increase' AND decided_by IS NOT NULL AND decided_at IS NOT NULL))
);
CREATE INDEX standard_review_todo ON standard_review (change_id, county_id, kind, state, id);
CREATE INDEX standard_review_by_entitlement ON standard_review (entitlement_id, state);
