-- By when somebody must have looked into a lead: counted from the day on which it was found by the clock that the pack gives it, the latest reading and,
-- where holidays are not published yet, the earliest. None where no clock of the packs is for it; the night gives one to leads of before.
ALTER TABLE lead ADD COLUMN found_on DATE;
ALTER TABLE lead ADD COLUMN due_on DATE;
ALTER TABLE lead ADD COLUMN earliest_on DATE;
--sqlite UPDATE lead SET found_on = date(found_at / 1000, 'unixepoch', '+8 hours');
--postgres UPDATE lead SET found_on = CAST(to_timestamp(found_at / 1000) AT TIME ZONE 'Asia/Shanghai' AS DATE);
CREATE INDEX lead_by_month ON lead (found_on, division_id);
CREATE INDEX lead_due ON lead (division_id, state, due_on);
