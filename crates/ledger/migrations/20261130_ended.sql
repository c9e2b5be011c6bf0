-- Every night asks what was ended since the night before.
CREATE INDEX entitlement_ended ON entitlement (ended_at) WHERE ended_at IS NOT NULL;
