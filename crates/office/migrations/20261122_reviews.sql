-- Which review was opened for which benefit: once for each day on which one falls due, whoever asks how often.
CREATE TABLE review_opened (
    entitlement_id BIGINT NOT NULL REFERENCES entitlement (id),
    due_on DATE NOT NULL,
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    opened_at BIGINT NOT NULL,
    PRIMARY KEY (entitlement_id, due_on)
);
CREATE INDEX review_opened_by_case ON review_opened (case_id);
