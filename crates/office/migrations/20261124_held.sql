-- Benefits whose people's projections have become old: what rules read of a recipient follows from the ledger.
CREATE TABLE held_change (
    id {id},
    entitlement_id BIGINT NOT NULL
);

--sqlite CREATE TRIGGER held_member_insert AFTER INSERT ON entitlement_member BEGIN INSERT INTO held_change (entitlement_id) VALUES (NEW.entitlement_id); END;
--sqlite CREATE TRIGGER held_member_update AFTER UPDATE ON entitlement_member BEGIN INSERT INTO held_change (entitlement_id) VALUES (NEW.entitlement_id); END;
--sqlite CREATE TRIGGER held_amount_insert AFTER INSERT ON entitlement_amount BEGIN INSERT INTO held_change (entitlement_id) VALUES (NEW.entitlement_id); END;
--sqlite CREATE TRIGGER held_amount_update AFTER UPDATE ON entitlement_amount BEGIN INSERT INTO held_change (entitlement_id) VALUES (NEW.entitlement_id); END;
--postgres CREATE FUNCTION held_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO held_change (entitlement_id) SELECT DISTINCT entitlement_id FROM changed; RETURN NULL; END $$;
--postgres CREATE TRIGGER held_member_insert AFTER INSERT ON entitlement_member REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION held_changed();
--postgres CREATE TRIGGER held_member_update AFTER UPDATE ON entitlement_member REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION held_changed();
--postgres CREATE TRIGGER held_amount_insert AFTER INSERT ON entitlement_amount REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION held_changed();
--postgres CREATE TRIGGER held_amount_update AFTER UPDATE ON entitlement_amount REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION held_changed();
