-- Who is paid what, from which month, in two times: the months for which something holds
-- (from_month, until_month) and when the office knew it (recorded_at, superseded_at).

CREATE TABLE entitlement (
  id {id},
  programme TEXT NOT NULL,
  exclusion_group TEXT NOT NULL,
  household_id BIGINT NOT NULL,
  holder_person_id BIGINT NOT NULL,
  county_id BIGINT NOT NULL REFERENCES division (id),
  township_id BIGINT NOT NULL REFERENCES division (id),
  division_id BIGINT NOT NULL REFERENCES division (id),
  from_month INTEGER NOT NULL,
  until_month INTEGER,
  first_due_month INTEGER NOT NULL,
  review_due_on DATE,
  case_id BIGINT,
  determination_id BIGINT,
  reference TEXT NOT NULL CHECK (reference <> ''),
  made_by BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  end_reason TEXT,
  end_reference TEXT,
  end_case_id BIGINT,
  ended_by BIGINT,
  ended_at BIGINT,
  version BIGINT NOT NULL DEFAULT 1,
  CHECK (first_due_month >= from_month),
  CHECK (ended_by IS NULL OR until_month IS NOT NULL)
);
CREATE INDEX entitlement_by_county ON entitlement (county_id, programme, id);
CREATE INDEX entitlement_by_township ON entitlement (township_id, id);
CREATE INDEX entitlement_by_division ON entitlement (division_id, id);
CREATE INDEX entitlement_by_review ON entitlement (township_id, review_due_on);
CREATE INDEX entitlement_by_household ON entitlement (household_id);
CREATE INDEX entitlement_by_holder ON entitlement (holder_person_id);
CREATE INDEX entitlement_by_case ON entitlement (case_id);

CREATE TABLE entitlement_amount (
  id {id},
  entitlement_id BIGINT NOT NULL REFERENCES entitlement (id),
  from_month INTEGER NOT NULL,
  until_month INTEGER,
  amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
  cause TEXT NOT NULL CHECK (cause IN ('grant', 'import', 'standard', 'members', 'review', 'correction')),
  reason TEXT NOT NULL,
  reference TEXT NOT NULL CHECK (reference <> ''),
  case_id BIGINT,
  determination_id BIGINT,
  made_by BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  superseded_at BIGINT,
  CHECK (until_month IS NULL OR until_month >= from_month)
);
CREATE UNIQUE INDEX entitlement_amount_now ON entitlement_amount (entitlement_id, from_month) WHERE superseded_at IS NULL;
CREATE INDEX entitlement_amount_by_case ON entitlement_amount (case_id);

CREATE TABLE entitlement_member (
  id {id},
  entitlement_id BIGINT NOT NULL REFERENCES entitlement (id),
  exclusion_group TEXT NOT NULL,
  person_id BIGINT NOT NULL,
  from_month INTEGER NOT NULL,
  until_month INTEGER,
  reason TEXT NOT NULL,
  reference TEXT NOT NULL CHECK (reference <> ''),
  case_id BIGINT,
  made_by BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  superseded_at BIGINT,
  CHECK (until_month IS NULL OR until_month >= from_month)
);
CREATE INDEX entitlement_member_by_entitlement ON entitlement_member (entitlement_id, superseded_at);
CREATE INDEX entitlement_member_by_person ON entitlement_member (person_id, exclusion_group);
-- Two grants of one person at the same moment: the second meets this wall.
CREATE UNIQUE INDEX entitlement_member_open ON entitlement_member (exclusion_group, person_id) WHERE until_month IS NULL AND superseded_at IS NULL;

-- Months in which nothing is paid although the entitlement goes on.
CREATE TABLE entitlement_pause (
  id {id},
  entitlement_id BIGINT NOT NULL REFERENCES entitlement (id),
  kind TEXT NOT NULL CHECK (kind IN ('suspended', 'held')),
  from_month INTEGER NOT NULL,
  until_month INTEGER,
  reason TEXT NOT NULL,
  reference TEXT NOT NULL CHECK (reference <> ''),
  case_id BIGINT,
  made_by BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  lifted_reason TEXT,
  lifted_reference TEXT,
  lifted_case_id BIGINT,
  lifted_by BIGINT,
  lifted_at BIGINT
);
CREATE UNIQUE INDEX entitlement_pause_open ON entitlement_pause (entitlement_id) WHERE until_month IS NULL;
CREATE INDEX entitlement_pause_by_entitlement ON entitlement_pause (entitlement_id);

-- The account that is paid. The number itself stays sealed in the office's table.
CREATE TABLE payee (
  id {id},
  entitlement_id BIGINT NOT NULL REFERENCES entitlement (id),
  bank_account_id BIGINT NOT NULL,
  holder_name TEXT NOT NULL,
  bank TEXT NOT NULL,
  number_tail TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('proposed', 'confirmed', 'refused', 'replaced')),
  reason TEXT NOT NULL,
  reference TEXT NOT NULL CHECK (reference <> ''),
  case_id BIGINT,
  proposed_by BIGINT,
  proposed_by_person_id BIGINT,
  proposed_at BIGINT NOT NULL,
  confirmed_by BIGINT,
  confirmed_at BIGINT,
  CHECK (proposed_by IS NOT NULL OR proposed_by_person_id IS NOT NULL),
  CHECK (confirmed_by <> proposed_by),
  CHECK (state = 'proposed' OR confirmed_by IS NOT NULL)
);
CREATE UNIQUE INDEX payee_confirmed ON payee (entitlement_id) WHERE state = 'confirmed';
CREATE UNIQUE INDEX payee_proposed ON payee (entitlement_id) WHERE state = 'proposed';
CREATE INDEX payee_by_entitlement ON payee (entitlement_id);

-- Everybody whom an entitlement concerns: its holder and those it covers or covered.
CREATE VIEW entitlement_person AS
  SELECT id AS entitlement_id, holder_person_id AS person_id FROM entitlement
  UNION ALL
  SELECT entitlement_id, person_id FROM entitlement_member WHERE superseded_at IS NULL;
