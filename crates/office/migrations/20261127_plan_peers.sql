-- What the plans of other places promise, as reference: printed, so nobody's secret.
CREATE TABLE plan_peer (
    plan TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    taken_at BIGINT NOT NULL
);
