-- Other systems that are told what becomes of records: where, of which registers, and how far they were told.
CREATE TABLE subscription (
    id {id},
    division_id BIGINT NOT NULL REFERENCES division (id),
    title TEXT NOT NULL,
    address TEXT NOT NULL,
    signs TEXT NOT NULL CHECK (signs IN ('hmac-sm3', 'hmac-sha256')),
    secret_sealed {bytes} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'dead', 'ended')),
    sent_seq BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    failing_since BIGINT,
    next_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    made_by BIGINT NOT NULL REFERENCES staff (id),
    made_at BIGINT NOT NULL
);
CREATE INDEX subscription_due ON subscription (next_at, id) WHERE state = 'active';
CREATE INDEX subscription_by_division ON subscription (division_id, id);
CREATE TABLE subscription_register (
    subscription_id BIGINT NOT NULL REFERENCES subscription (id),
    register TEXT NOT NULL,
    PRIMARY KEY (subscription_id, register)
);

-- Every attempt, whatever came of it.
CREATE TABLE subscription_delivery (
    id {id},
    subscription_id BIGINT NOT NULL REFERENCES subscription (id),
    after_seq BIGINT NOT NULL,
    through_seq BIGINT NOT NULL,
    events BIGINT NOT NULL,
    at BIGINT NOT NULL,
    took_ms BIGINT NOT NULL,
    status BIGINT,
    problem TEXT
);
CREATE INDEX subscription_delivery_log ON subscription_delivery (subscription_id, id);
CREATE INDEX subscription_delivery_old ON subscription_delivery (at);
