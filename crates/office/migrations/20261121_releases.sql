-- Packs, frozen under the hash of their content. Old ones stay: a decision is replayed with its own.
CREATE TABLE pack_release (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('pack', 'database')),
    title TEXT NOT NULL,
    archive TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    made_by BIGINT REFERENCES staff (id),
    released_by BIGINT REFERENCES staff (id),
    -- A change made on a page lies in two hands.
    CHECK (kind = 'pack' OR (made_by IS NOT NULL AND released_by IS NOT NULL AND made_by <> released_by))
);

-- Which release was in force since when; the last row is the present.
CREATE TABLE release_in_force (
    id {id},
    hash TEXT NOT NULL REFERENCES pack_release (hash),
    from_at BIGINT NOT NULL,
    staff_id BIGINT REFERENCES staff (id)
);

-- A value of a parameter for a division from a day, as a document sets it: proposed by one person, released by another.
CREATE TABLE standard_change (
    id {id},
    parameter TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    from_on DATE NOT NULL,
    stated_until DATE,
    value TEXT NOT NULL,
    document_title TEXT NOT NULL CHECK (document_title <> ''),
    document_number TEXT NOT NULL,
    attachment_id BIGINT,
    reason TEXT NOT NULL,
    recompute_from INTEGER,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'released', 'refused', 'withdrawn')),
    imported BOOLEAN NOT NULL,
    base_hash TEXT NOT NULL REFERENCES pack_release (hash),
    release_hash TEXT REFERENCES pack_release (hash),
    proposed_by BIGINT REFERENCES staff (id),
    proposed_at BIGINT NOT NULL,
    decided_by BIGINT REFERENCES staff (id),
    decided_at BIGINT,
    decision_reason TEXT,
    version BIGINT NOT NULL DEFAULT 1,
    CHECK (stated_until IS NULL OR stated_until >= from_on),
    CHECK (imported OR proposed_by IS NOT NULL),
    CHECK (imported OR state = 'proposed' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)),
    CHECK (state NOT IN ('released', 'refused') OR imported OR decided_by <> proposed_by),
    CHECK (state <> 'withdrawn' OR decided_by = proposed_by),
    CHECK (state <> 'released' OR imported OR release_hash IS NOT NULL)
);
CREATE INDEX standard_change_by_division ON standard_change (division_id, state, id);
CREATE INDEX standard_change_by_parameter ON standard_change (parameter, id);
-- One open proposal for a value at a time: a form sent twice meets this wall.
CREATE UNIQUE INDEX standard_change_open ON standard_change (parameter, division_id, from_on) WHERE state = 'proposed';

--sqlite CREATE TRIGGER pack_release_no_update BEFORE UPDATE ON pack_release BEGIN SELECT RAISE(ABORT, 'pack_release is append only'); END;
--sqlite CREATE TRIGGER pack_release_no_delete BEFORE DELETE ON pack_release BEGIN SELECT RAISE(ABORT, 'pack_release is append only'); END;
--sqlite CREATE TRIGGER release_in_force_no_update BEFORE UPDATE ON release_in_force BEGIN SELECT RAISE(ABORT, 'release_in_force is append only'); END;
--sqlite CREATE TRIGGER release_in_force_no_delete BEFORE DELETE ON release_in_force BEGIN SELECT RAISE(ABORT, 'release_in_force is append only'); END;
--postgres CREATE FUNCTION releases_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append only', TG_TABLE_NAME; END $$;
--postgres CREATE TRIGGER pack_release_append_only BEFORE UPDATE OR DELETE ON pack_release FOR EACH ROW EXECUTE FUNCTION releases_append_only();
--postgres CREATE TRIGGER release_in_force_append_only BEFORE UPDATE OR DELETE ON release_in_force FOR EACH ROW EXECUTE FUNCTION releases_append_only();
