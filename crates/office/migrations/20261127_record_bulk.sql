-- One change to many records of a register: seen beforehand, done by a job, taken back as a whole.
CREATE TABLE record_bulk (
    id {id},
    register TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    -- The post at which it was asked for; the job works with its area.
    post_id BIGINT NOT NULL REFERENCES post (id),
    change_sealed {bytes} NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('previewed', 'changing', 'done', 'undoing', 'undone')),
    made_by BIGINT NOT NULL REFERENCES staff (id),
    made_at BIGINT NOT NULL,
    undone_by BIGINT REFERENCES staff (id),
    undone_at BIGINT,
    undo_reason TEXT,
    CHECK ((undone_by IS NULL) = (undo_reason IS NULL))
);
CREATE INDEX record_bulk_by_register ON record_bulk (register, division_id, id);
CREATE INDEX record_bulk_previewed ON record_bulk (made_at) WHERE state = 'previewed';

-- Each record of it: the version that was seen, what became of it and why not more, the version that was written.
CREATE TABLE record_bulk_row (
    bulk_id BIGINT NOT NULL REFERENCES record_bulk (id),
    record_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('change', 'same', 'refused', 'changed', 'undone', 'kept')),
    why TEXT,
    written_version BIGINT,
    PRIMARY KEY (bulk_id, record_id),
    CHECK ((outcome IN ('changed', 'undone', 'kept')) = (written_version IS NOT NULL)),
    CHECK (outcome <> 'refused' OR why IS NOT NULL)
);
CREATE INDEX record_bulk_row_outcome ON record_bulk_row (bulk_id, outcome, record_id);
