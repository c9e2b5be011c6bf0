-- Whom an entitlement covers in a month is counted for every family of a roll: from the index alone.
DROP INDEX entitlement_member_by_entitlement;
CREATE INDEX entitlement_member_by_entitlement ON entitlement_member (entitlement_id, superseded_at, from_month, until_month);
