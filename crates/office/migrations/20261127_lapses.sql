-- What a department answered holds for its time; from this day on the fact is unknown until somebody says it again.
ALTER TABLE fact ADD COLUMN lapses_on DATE;
CREATE INDEX fact_by_lapse ON fact (lapses_on, id) WHERE lapses_on IS NOT NULL;
