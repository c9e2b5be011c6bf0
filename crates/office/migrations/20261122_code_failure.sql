-- Wrong one-time codes of all citizens together, so that guessing is slowed however many addresses it comes from.
CREATE TABLE code_failure (
    id {id},
    at BIGINT NOT NULL
);
CREATE INDEX code_failure_by_time ON code_failure (at);
