-- What somebody handed in for others, the newest first (代收).
CREATE INDEX case_by_filer ON case_file (filed_by, id) WHERE filed_by IS NOT NULL;
-- A citizen who handed it in and is not of the family that it is about: whoever bore the cost of a funeral.
ALTER TABLE case_file ADD COLUMN filed_by_person BIGINT REFERENCES person (id);
CREATE INDEX case_by_person_filing ON case_file (filed_by_person, id) WHERE filed_by_person IS NOT NULL;
