CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- How a database was born can never be changed: not by an update, a removal or a replacement.
--sqlite CREATE TRIGGER setting_birth_kept BEFORE UPDATE ON setting WHEN OLD.name IN ('synthetic', 'created_at')
--sqlite BEGIN SELECT RAISE(ABORT, '建库时的设置不能更改'); END;
--sqlite CREATE TRIGGER setting_birth_not_removed BEFORE DELETE ON setting WHEN OLD.name IN ('synthetic', 'created_at')
--sqlite BEGIN SELECT RAISE(ABORT, '建库时的设置不能更改'); END;
--sqlite CREATE TRIGGER setting_birth_not_replaced BEFORE INSERT ON setting
--sqlite WHEN NEW.name IN ('synthetic', 'created_at') AND EXISTS (SELECT 1 FROM setting WHERE name = NEW.name)
--sqlite BEGIN SELECT RAISE(ABORT, '建库时的设置不能更改'); END;
--sqlite CREATE TRIGGER setting_birth_not_renamed BEFORE UPDATE OF name ON setting WHEN NEW.name IN ('synthetic', 'created_at')
--sqlite BEGIN SELECT RAISE(ABORT, '建库时的设置不能更改'); END;

--postgres CREATE FUNCTION setting_birth_kept() RETURNS trigger LANGUAGE plpgsql AS $$
--postgres BEGIN
--postgres     RAISE EXCEPTION '建库时的设置不能更改';
--postgres END $$;
--postgres CREATE TRIGGER setting_birth_kept BEFORE UPDATE ON setting FOR EACH ROW
--postgres     WHEN (OLD.name IN ('synthetic', 'created_at') OR NEW.name IN ('synthetic', 'created_at'))
--postgres     EXECUTE FUNCTION setting_birth_kept();
--postgres CREATE TRIGGER setting_birth_not_removed BEFORE DELETE ON setting FOR EACH ROW
--postgres     WHEN (OLD.name IN ('synthetic', 'created_at')) EXECUTE FUNCTION setting_birth_kept();
--postgres CREATE TRIGGER setting_not_emptied BEFORE TRUNCATE ON setting EXECUTE FUNCTION setting_birth_kept();

CREATE TABLE idempotency (
    who TEXT NOT NULL,
    key TEXT NOT NULL,
    answer TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (who, key)
);
CREATE INDEX idempotency_at ON idempotency (at);
