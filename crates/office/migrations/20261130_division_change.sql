-- A change of the tree of divisions (行政区划调整): prepared by one person with the document that ordered it, approved by another, in effect
-- from its day.
CREATE TABLE division_change (
    id {id},
    kind TEXT NOT NULL CHECK (kind IN ('rename', 'relevel', 'move', 'merge', 'split', 'end')),
    -- Whose people run it: the place that the system serves.
    division_id BIGINT NOT NULL REFERENCES division (id),
    title TEXT NOT NULL,
    wanted TEXT NOT NULL,
    effective_on DATE NOT NULL,
    document_title TEXT NOT NULL CHECK (document_title <> ''),
    document_number TEXT NOT NULL CHECK (document_number <> ''),
    document_on DATE NOT NULL,
    attachment_id BIGINT REFERENCES attachment (id),
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'refused', 'withdrawn', 'effective')),
    proposed_by BIGINT NOT NULL REFERENCES staff (id),
    proposed_at BIGINT NOT NULL,
    decided_by BIGINT REFERENCES staff (id),
    decided_at BIGINT,
    decision_reason TEXT,
    withdrawn_by BIGINT REFERENCES staff (id),
    withdrawn_at BIGINT,
    -- What it made of the tree, as the packs on top say it, and the release that says so.
    entries TEXT,
    release_hash TEXT REFERENCES pack_release (hash),
    effective_at BIGINT,
    -- Why it could not take effect on its day.
    failed TEXT,
    version BIGINT NOT NULL DEFAULT 1,
    CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CHECK (state NOT IN ('approved', 'refused', 'effective') OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)),
    CHECK ((state = 'withdrawn') = (withdrawn_by IS NOT NULL)),
    CHECK (state <> 'refused' OR decision_reason IS NOT NULL),
    CHECK ((state = 'effective') = (effective_at IS NOT NULL)),
    CHECK ((state = 'effective') = (entries IS NOT NULL)),
    CHECK ((state = 'effective') = (release_hash IS NOT NULL))
);
CREATE INDEX division_change_by_state ON division_change (state, effective_on, id);

-- Which divisions it is about. None lies in two changes that wait.
CREATE TABLE division_change_of (
    change_id BIGINT NOT NULL REFERENCES division_change (id),
    division_id BIGINT NOT NULL REFERENCES division (id),
    waits BOOLEAN NOT NULL,
    PRIMARY KEY (change_id, division_id)
);
CREATE UNIQUE INDEX division_change_waits ON division_change_of (division_id) WHERE waits;
CREATE INDEX division_change_of_division ON division_change_of (division_id, change_id);

-- What took effect stays as it is.
--sqlite CREATE TRIGGER division_change_stays BEFORE UPDATE ON division_change WHEN OLD.state IN ('effective', 'refused', 'withdrawn') BEGIN SELECT RAISE(ABORT, 'division_change is settled'); END;
--sqlite CREATE TRIGGER division_change_is_not_deleted BEFORE DELETE ON division_change BEGIN SELECT RAISE(ABORT, 'division_change is kept'); END;
--postgres CREATE FUNCTION division_change_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'division_change is settled'; END $$;
--postgres CREATE TRIGGER division_change_stays BEFORE UPDATE ON division_change FOR EACH ROW WHEN (OLD.state IN ('effective', 'refused', 'withdrawn')) EXECUTE FUNCTION division_change_stays();
--postgres CREATE TRIGGER division_change_is_not_deleted BEFORE DELETE ON division_change FOR EACH ROW EXECUTE FUNCTION division_change_stays();
