-- Who may see a case is written out for every office above, so that a list starts from the office that asks.
DELETE FROM case_division;
INSERT INTO case_division (case_id, division_id)
SELECT DISTINCT c.id, dc.ancestor_id FROM case_file c
JOIN division_closure dc ON dc.descendant_id IN (c.village_id, c.registered_division_id, c.deciding_division_id);
