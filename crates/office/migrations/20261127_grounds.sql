-- The rows of the facts that a determination read, as a list of ids: who said what, and as of which day.
ALTER TABLE determination ADD COLUMN sources TEXT;
