-- What found a lead: nothing for the rules over what is on file, else the check rule that compares a department's file. A benefit has one open lead
-- for each of them: a death in the family does not wait behind a car.
ALTER TABLE lead ADD COLUMN rule TEXT NOT NULL DEFAULT '';
DROP INDEX lead_one_review;
CREATE UNIQUE INDEX lead_one_review ON lead (entitlement_id, rule, coalesce(person_id, 0)) WHERE state = 'open' AND entitlement_id IS NOT NULL;
