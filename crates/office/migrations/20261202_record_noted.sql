-- What the computed fields that are noted came to whenever somebody looked at a record and they had changed: with the versions it says how a
-- record stood at any time (office::records::history). `version` is the one that stood then. Append only.
CREATE TABLE record_noted (
    id {id},
    register TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    at BIGINT NOT NULL,
    staff_id BIGINT REFERENCES staff (id),
    values_sealed {bytes} NOT NULL
);
CREATE INDEX record_noted_of ON record_noted (register, record_id, id);

--sqlite CREATE TRIGGER record_noted_is_kept BEFORE UPDATE ON record_noted BEGIN SELECT RAISE(ABORT, 'record_noted is append only'); END;
--sqlite CREATE TRIGGER record_noted_is_not_deleted BEFORE DELETE ON record_noted BEGIN SELECT RAISE(ABORT, 'record_noted is append only'); END;
--postgres CREATE FUNCTION record_noted_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'record_noted is append only'; END $$;
--postgres CREATE TRIGGER record_noted_is_kept BEFORE UPDATE OR DELETE ON record_noted FOR EACH ROW EXECUTE FUNCTION record_noted_is_kept();
