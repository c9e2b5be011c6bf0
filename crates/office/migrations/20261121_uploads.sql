-- Files that wait between their preview and their import: sealed, and forgotten once they are imported.
CREATE TABLE upload (
    id {id},
    kind TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    sm3 TEXT NOT NULL,
    settings TEXT NOT NULL,
    content_sealed {bytes},
    uploaded_by BIGINT NOT NULL REFERENCES staff (id),
    uploaded_at BIGINT NOT NULL,
    committed_at BIGINT,
    job_id BIGINT,
    CHECK (content_sealed IS NOT NULL OR committed_at IS NOT NULL)
);
CREATE INDEX upload_by_division ON upload (division_id, kind, id);
CREATE INDEX upload_waiting ON upload (uploaded_at) WHERE committed_at IS NULL;
