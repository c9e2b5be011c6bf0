-- From which day the first time of a duty was counted, so that it is reckoned anew when the record says another (office::records::settle).
ALTER TABLE record_duty ADD COLUMN counted_from DATE;
