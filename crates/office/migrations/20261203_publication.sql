-- Decisions that are published still: every round asks which of them are over, by their day or with their benefit.
CREATE INDEX notice_published ON notice (until_on, id) WHERE kind = 'result' AND closed_on IS NULL;
