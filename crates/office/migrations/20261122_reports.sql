-- A month's applications, endings and decisions among the cases of years; the open ones among all.
CREATE INDEX case_by_filing ON case_file (item, filed_on);
CREATE INDEX case_by_ending ON case_file (item, ended_on) WHERE ended_on IS NOT NULL;
CREATE INDEX case_by_decision ON case_file (item, decided_on) WHERE decided_on IS NOT NULL;
CREATE INDEX case_open ON case_file (item, step) WHERE state = 'open';
CREATE INDEX case_clock_by_ending ON case_clock (ended_on, clock);
