-- What figures of places read of a case, in the index: a year of a prefecture is a hundred thousand rows, and nothing of them but this is asked.
CREATE INDEX case_figures ON case_file (village_id, filed_on, item, state, ended_on, county_id, township_id);
