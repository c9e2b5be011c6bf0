-- Indicators over cases, benefits and payments: what is counted carries its own dates. Their month is written once more after its last
-- day (closed), and never again; what a recomputation says later stands beside it.
ALTER TABLE indicator_month ADD COLUMN awaits_close BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE indicator_again (
    indicator TEXT NOT NULL,
    month INTEGER NOT NULL,
    reckoned_at BIGINT NOT NULL,
    release_hash TEXT NOT NULL,
    PRIMARY KEY (indicator, month)
);

CREATE TABLE indicator_again_value (
    indicator TEXT NOT NULL,
    month INTEGER NOT NULL,
    division_id BIGINT NOT NULL REFERENCES division (id),
    part BIGINT NOT NULL,
    whole BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    PRIMARY KEY (indicator, month, division_id)
);
