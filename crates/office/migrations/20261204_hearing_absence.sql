-- Nobody of the family was found, or nobody said anything: what was tried stands in the form, and until when everybody was asked by a posted notice to
-- come. Less or nothing is decided after that day (社会救助法 art. 48), or when somebody did come and was heard.
CREATE TABLE hearing_absence (
    event_id BIGINT PRIMARY KEY REFERENCES case_event (id),
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    form_id BIGINT NOT NULL REFERENCES case_form (id),
    recorded_on DATE NOT NULL,
    until_on DATE NOT NULL,
    CHECK (until_on > recorded_on)
);
CREATE INDEX hearing_absence_by_case ON hearing_absence (case_id, event_id);

--sqlite CREATE TRIGGER hearing_absence_no_update BEFORE UPDATE ON hearing_absence BEGIN SELECT RAISE(ABORT, 'hearing_absence is append only'); END;
--sqlite CREATE TRIGGER hearing_absence_no_delete BEFORE DELETE ON hearing_absence BEGIN SELECT RAISE(ABORT, 'hearing_absence is append only'); END;
--postgres CREATE FUNCTION hearing_absence_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hearing_absence is append only'; END $$;
--postgres CREATE TRIGGER hearing_absence_kept BEFORE UPDATE OR DELETE ON hearing_absence FOR EACH ROW EXECUTE FUNCTION hearing_absence_kept();
