-- What became of records, for other systems: one row for each version, written in its transaction. It is numbered afterwards, one after the
-- other, so that whoever has read up to a number has missed nothing.
CREATE TABLE record_event (
    id {id},
    seq BIGINT,
    register TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    deed TEXT NOT NULL,
    state TEXT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    at BIGINT NOT NULL,
    UNIQUE (register, record_id, version)
);
CREATE UNIQUE INDEX record_event_in_order ON record_event (seq) WHERE seq IS NOT NULL;
CREATE INDEX record_event_waiting ON record_event (id) WHERE seq IS NULL;
CREATE INDEX record_event_by_register ON record_event (register, seq) WHERE seq IS NOT NULL;
