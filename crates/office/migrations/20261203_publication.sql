-- Decisions that are published still: every round asks which of them are over.
CREATE INDEX notice_published ON notice (id) WHERE kind = 'result' AND closed_on IS NULL;
