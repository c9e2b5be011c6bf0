-- Whose columns in the population snapshot have become old. Every writer adds rows of its own, so what is not committed yet
-- is never taken for read; the refresh deletes exactly the rows that it saw.
CREATE TABLE population_change (
    id {id},
    household_id BIGINT,
    person_id BIGINT
);

--sqlite CREATE TRIGGER population_person_now_insert AFTER INSERT ON person_now BEGIN INSERT INTO population_change (person_id) VALUES (NEW.person_id); END;
--sqlite CREATE TRIGGER population_person_now_update AFTER UPDATE ON person_now BEGIN INSERT INTO population_change (person_id) VALUES (NEW.person_id); END;
--sqlite CREATE TRIGGER population_household_now_insert AFTER INSERT ON household_now BEGIN INSERT INTO population_change (household_id) VALUES (NEW.household_id); END;
--sqlite CREATE TRIGGER population_household_now_update AFTER UPDATE ON household_now BEGIN INSERT INTO population_change (household_id) VALUES (NEW.household_id); END;
--sqlite CREATE TRIGGER population_membership_insert AFTER INSERT ON membership BEGIN INSERT INTO population_change (household_id) VALUES (NEW.household_id); END;
--sqlite CREATE TRIGGER population_membership_update AFTER UPDATE ON membership BEGIN INSERT INTO population_change (household_id) VALUES (NEW.household_id); END;
--sqlite CREATE TRIGGER population_household_update AFTER UPDATE OF area, division_id ON household BEGIN INSERT INTO population_change (household_id) VALUES (NEW.id); END;
--sqlite CREATE TRIGGER population_person_update AFTER UPDATE OF born_on, sex ON person BEGIN INSERT INTO population_change (person_id) VALUES (NEW.id); END;
--postgres CREATE FUNCTION population_persons_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO population_change (person_id) SELECT person_id FROM changed; RETURN NULL; END $$;
--postgres CREATE FUNCTION population_households_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO population_change (household_id) SELECT household_id FROM changed; RETURN NULL; END $$;
--postgres CREATE FUNCTION population_household_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO population_change (household_id) VALUES (NEW.id); RETURN NULL; END $$;
--postgres CREATE FUNCTION population_person_corrected() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO population_change (person_id) VALUES (NEW.id); RETURN NULL; END $$;
--postgres CREATE TRIGGER population_person_now_insert AFTER INSERT ON person_now REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION population_persons_changed();
--postgres CREATE TRIGGER population_person_now_update AFTER UPDATE ON person_now REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION population_persons_changed();
--postgres CREATE TRIGGER population_household_now_insert AFTER INSERT ON household_now REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION population_households_changed();
--postgres CREATE TRIGGER population_household_now_update AFTER UPDATE ON household_now REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION population_households_changed();
--postgres CREATE TRIGGER population_membership_insert AFTER INSERT ON membership REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION population_households_changed();
--postgres CREATE TRIGGER population_membership_update AFTER UPDATE ON membership REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION population_households_changed();
--postgres CREATE TRIGGER population_household_update AFTER UPDATE OF area, division_id ON household FOR EACH ROW EXECUTE FUNCTION population_household_moved();
--postgres CREATE TRIGGER population_person_update AFTER UPDATE OF born_on, sex ON person FOR EACH ROW EXECUTE FUNCTION population_person_corrected();
