-- Who wrote an answer down: the department itself at its own account, or the county for it.
ALTER TABLE check_answer ADD COLUMN by_department BOOLEAN NOT NULL DEFAULT FALSE;
