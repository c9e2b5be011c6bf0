-- Decisions that are published still: every round asks which of them are over, by their day or with their benefit.
CREATE INDEX notice_published ON notice (until_on, id) WHERE kind = 'result' AND closed_on IS NULL;

-- What was handed out in kind, with its worth: told to everybody in sums.
CREATE TABLE case_goods (
    event_id BIGINT PRIMARY KEY REFERENCES case_event (id),
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    programme TEXT NOT NULL,
    worth_fen BIGINT NOT NULL CHECK (worth_fen >= 0),
    given_on DATE NOT NULL
);
CREATE INDEX case_goods_by_day ON case_goods (given_on);
CREATE INDEX case_goods_by_case ON case_goods (case_id);

--sqlite CREATE TRIGGER case_goods_no_update BEFORE UPDATE ON case_goods BEGIN SELECT RAISE(ABORT, 'case_goods is append only'); END;
--sqlite CREATE TRIGGER case_goods_no_delete BEFORE DELETE ON case_goods BEGIN SELECT RAISE(ABORT, 'case_goods is append only'); END;
--postgres CREATE FUNCTION case_goods_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'case_goods is append only'; END $$;
--postgres CREATE TRIGGER case_goods_kept BEFORE UPDATE OR DELETE ON case_goods FOR EACH ROW EXECUTE FUNCTION case_goods_kept();
