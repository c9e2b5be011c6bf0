-- Who did what to whom. No foreign keys: a row outlives what it speaks of, and readings of many tables end here.
CREATE TABLE audit (
    id {id},
    at BIGINT NOT NULL,
    staff_id BIGINT,
    person_id BIGINT,
    session_id BIGINT,
    post_id BIGINT,
    action TEXT NOT NULL,
    subject_kind TEXT,
    subject_id BIGINT,
    case_id BIGINT,
    division_id BIGINT,
    purpose TEXT,
    details TEXT NOT NULL,
    -- The chain; empty until the sealer comes by.
    seq BIGINT UNIQUE,
    previous TEXT,
    hash TEXT,
    CHECK ((seq IS NULL AND previous IS NULL AND hash IS NULL)
        OR (seq IS NOT NULL AND previous IS NOT NULL AND hash IS NOT NULL))
);
CREATE INDEX audit_unsealed ON audit (id) WHERE seq IS NULL;
CREATE INDEX audit_subject ON audit (subject_kind, subject_id, id);
CREATE INDEX audit_staff ON audit (staff_id, id);
CREATE INDEX audit_case ON audit (case_id, id) WHERE case_id IS NOT NULL;
CREATE INDEX audit_division ON audit (division_id, id);
CREATE INDEX audit_at ON audit (at, id);

-- Rows are added, sealed once, and never changed or removed.
--sqlite CREATE TRIGGER audit_kept BEFORE UPDATE ON audit
--sqlite WHEN OLD.seq IS NOT NULL OR NEW.seq IS NULL OR NEW.id <> OLD.id OR NEW.at <> OLD.at
--sqlite     OR NEW.staff_id IS NOT OLD.staff_id OR NEW.person_id IS NOT OLD.person_id
--sqlite     OR NEW.session_id IS NOT OLD.session_id OR NEW.post_id IS NOT OLD.post_id OR NEW.action <> OLD.action
--sqlite     OR NEW.subject_kind IS NOT OLD.subject_kind OR NEW.subject_id IS NOT OLD.subject_id
--sqlite     OR NEW.case_id IS NOT OLD.case_id OR NEW.division_id IS NOT OLD.division_id
--sqlite     OR NEW.purpose IS NOT OLD.purpose OR NEW.details <> OLD.details
--sqlite BEGIN SELECT RAISE(ABORT, '审计记录不能更改'); END;
--sqlite CREATE TRIGGER audit_not_removed BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, '审计记录不能删除'); END;
--sqlite CREATE TRIGGER audit_not_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
--sqlite BEGIN SELECT RAISE(ABORT, '审计记录不能更改'); END;

--postgres CREATE FUNCTION audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$
--postgres BEGIN
--postgres     RAISE EXCEPTION '审计记录不能更改或删除';
--postgres END $$;
--postgres CREATE TRIGGER audit_kept BEFORE UPDATE ON audit FOR EACH ROW
--postgres     WHEN (OLD.seq IS NOT NULL OR NEW.seq IS NULL
--postgres         OR (NEW.id, NEW.at, NEW.staff_id, NEW.person_id, NEW.session_id, NEW.post_id, NEW.action, NEW.subject_kind,
--postgres             NEW.subject_id, NEW.case_id, NEW.division_id, NEW.purpose, NEW.details)
--postgres         IS DISTINCT FROM
--postgres            (OLD.id, OLD.at, OLD.staff_id, OLD.person_id, OLD.session_id, OLD.post_id, OLD.action, OLD.subject_kind,
--postgres             OLD.subject_id, OLD.case_id, OLD.division_id, OLD.purpose, OLD.details))
--postgres     EXECUTE FUNCTION audit_kept();
--postgres CREATE TRIGGER audit_not_removed BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_kept();
--postgres CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_kept();
