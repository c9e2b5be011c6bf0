CREATE TABLE job (
    id {id},
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    done BIGINT NOT NULL DEFAULT 0,
    total BIGINT,
    outcome TEXT,
    cancel_requested BOOLEAN NOT NULL DEFAULT FALSE,
    worker TEXT,
    attempts BIGINT NOT NULL DEFAULT 0,
    not_before BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    heartbeat_at BIGINT,
    started_at BIGINT,
    finished_at BIGINT,
    CHECK (state <> 'running' OR (worker IS NOT NULL AND heartbeat_at IS NOT NULL))
);
-- Only what is still to be done: the queue stays quick however much was done.
CREATE INDEX job_ready ON job (kind, state, id) WHERE state IN ('waiting', 'running');
CREATE INDEX job_finished ON job (finished_at) WHERE finished_at IS NOT NULL;
