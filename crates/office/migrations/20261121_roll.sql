-- Rolls taken over from other systems: what was imported, family by family, so that it can go on after an interruption
-- and be taken back as a whole.
CREATE TABLE roll_import (
    id {id},
    upload_id BIGINT NOT NULL UNIQUE REFERENCES upload (id),
    county_id BIGINT NOT NULL REFERENCES division (id),
    programme TEXT NOT NULL,
    first_due_month INTEGER NOT NULL,
    reference TEXT NOT NULL CHECK (reference <> ''),
    name TEXT NOT NULL,
    sm3 TEXT NOT NULL,
    family_count BIGINT NOT NULL,
    member_count BIGINT NOT NULL,
    monthly_fen BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('importing', 'done', 'undoing', 'undone')),
    imported_by BIGINT NOT NULL REFERENCES staff (id),
    imported_at BIGINT NOT NULL,
    undone_by BIGINT REFERENCES staff (id),
    undone_at BIGINT,
    undo_reason TEXT,
    CHECK ((state IN ('undoing', 'undone')) = (undo_reason IS NOT NULL))
);
CREATE INDEX roll_import_by_county ON roll_import (county_id, id);
-- The same file counts once while it stands.
CREATE UNIQUE INDEX roll_import_once ON roll_import (county_id, programme, sm3) WHERE state IN ('importing', 'done');

CREATE TABLE roll_import_family (
    import_id BIGINT NOT NULL REFERENCES roll_import (id),
    family TEXT NOT NULL,
    row_number INTEGER NOT NULL,
    household_id BIGINT REFERENCES household (id),
    household_made BOOLEAN NOT NULL,
    entitlement_id BIGINT REFERENCES entitlement (id),
    refused TEXT,
    undone BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (import_id, family),
    CHECK ((entitlement_id IS NULL) = (refused IS NOT NULL))
);
CREATE INDEX roll_import_family_by_entitlement ON roll_import_family (entitlement_id) WHERE entitlement_id IS NOT NULL;
