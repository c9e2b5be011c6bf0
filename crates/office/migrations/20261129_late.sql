-- Benefits whose past months the night has still to look at, from which month on; and what it proposed, so that the same result is proposed once, however
-- it ended. Neither posts anything.
CREATE TABLE late_look (
    entitlement_id BIGINT PRIMARY KEY REFERENCES entitlement (id),
    from_month INTEGER NOT NULL,
    -- What was known then is set beside what is known now.
    known_then BIGINT NOT NULL
);
CREATE TABLE late_found (
    entitlement_id BIGINT NOT NULL REFERENCES entitlement (id),
    fingerprint TEXT NOT NULL,
    case_id BIGINT NOT NULL REFERENCES case_file (id),
    arrears_fen BIGINT NOT NULL CHECK (arrears_fen >= 0),
    recovery_fen BIGINT NOT NULL CHECK (recovery_fen >= 0),
    found_at BIGINT NOT NULL,
    PRIMARY KEY (entitlement_id, fingerprint)
);
CREATE INDEX late_found_by_case ON late_found (case_id);
