-- One document sets several standards at once (城、乡、特困): the first line leads, the others follow it and are released, refused or withdrawn with it.
ALTER TABLE standard_change ADD COLUMN led_by BIGINT REFERENCES standard_change (id);
CREATE INDEX standard_change_by_lead ON standard_change (led_by, id) WHERE led_by IS NOT NULL;
