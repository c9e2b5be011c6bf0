-- A month's plan of duties (office::records::duty_plan): on which day each is to be done, and by whom. It moves no due date.
ALTER TABLE record_duty ADD COLUMN planned_on DATE;
ALTER TABLE record_duty ADD COLUMN planned_for BIGINT REFERENCES staff (id);
CREATE INDEX record_duty_planned ON record_duty (planned_on, id) WHERE planned_on IS NOT NULL;
