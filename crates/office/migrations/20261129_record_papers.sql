-- Scans and photos kept with records, by the kinds of the pack (office::records::papers). What is taken away keeps its row and the reason.
CREATE TABLE record_file (
    id {id},
    register TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    papers TEXT NOT NULL,
    attachment_id BIGINT NOT NULL UNIQUE REFERENCES attachment (id),
    added_by BIGINT REFERENCES staff (id),
    added_at BIGINT NOT NULL,
    removed_by BIGINT REFERENCES staff (id),
    removed_at BIGINT,
    reason TEXT,
    CHECK ((removed_at IS NULL) = (reason IS NULL))
);
CREATE INDEX record_file_of ON record_file (register, record_id, id);

-- Letters that came of a record's way to another state: data first, the PDF is made by a worker (office::records::letters).
CREATE TABLE record_letter (
    id {id},
    register TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    letter TEXT NOT NULL,
    number TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    release_hash TEXT NOT NULL,
    content_sealed {bytes} NOT NULL,
    dated_on DATE NOT NULL,
    made_at BIGINT NOT NULL,
    pdf_sealed {bytes},
    failed TEXT
);
CREATE INDEX record_letter_of ON record_letter (register, record_id, id);
CREATE INDEX record_letter_waiting ON record_letter (id) WHERE pdf_sealed IS NULL;
