-- What is owed (due), who is covered by it (coverage), what goes to the bank (run, line, attempt),
-- and the books that prove it (journal, posting).
--
-- Foreign keys stand where a row could otherwise be written from outside a set (due -> entitlement, attempt -> due and
-- line, posting -> journal). Rows that are only ever written by selecting from the table they point at carry none: a
-- check of each costs PostgreSQL half of the time of a run. `verify` looks for strays.

CREATE TABLE payment_run (
  id {id},
  county_id BIGINT NOT NULL REFERENCES division (id),
  programme TEXT NOT NULL,
  month INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('regular', 'reissue')),
  reissue_of_run_id BIGINT REFERENCES payment_run (id),
  state TEXT NOT NULL CHECK (state IN ('making', 'made', 'approved', 'exporting', 'exported', 'answered', 'closed', 'cancelling', 'cancelled')),
  batch_through BIGINT NOT NULL DEFAULT 0,
  line_count BIGINT NOT NULL DEFAULT 0,
  total_fen BIGINT NOT NULL DEFAULT 0,
  blocked_count BIGINT NOT NULL DEFAULT 0,
  made_by BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  approved_by BIGINT,
  approved_at BIGINT,
  exported_by BIGINT,
  exported_at BIGINT,
  file_sm3 TEXT,
  answered_at BIGINT,
  closed_by BIGINT,
  closed_at BIGINT,
  cancelled_by BIGINT,
  cancelled_at BIGINT,
  cancel_reason TEXT,
  version BIGINT NOT NULL DEFAULT 1,
  CHECK (approved_by <> made_by),
  CHECK ((kind = 'reissue') = (reissue_of_run_id IS NOT NULL)),
  CHECK (state NOT IN ('approved', 'exporting', 'exported', 'answered', 'closed') OR approved_by IS NOT NULL),
  CHECK (state NOT IN ('exporting', 'exported', 'answered', 'closed') OR file_sm3 IS NOT NULL),
  CHECK (state NOT IN ('cancelling', 'cancelled') OR file_sm3 IS NULL),
  CHECK (line_count >= 0 AND total_fen >= 0 AND blocked_count >= 0)
);
CREATE UNIQUE INDEX payment_run_regular ON payment_run (county_id, programme, month)
  WHERE kind = 'regular' AND state NOT IN ('cancelling', 'cancelled');
-- One re-issue at a time of a run, so that a form sent twice makes one.
CREATE UNIQUE INDEX payment_run_reissue ON payment_run (reissue_of_run_id)
  WHERE kind = 'reissue' AND state IN ('making', 'made', 'approved', 'exporting');
CREATE INDEX payment_run_by_county ON payment_run (county_id, id);

CREATE TABLE coverage (
  exclusion_group TEXT NOT NULL,
  person_id BIGINT NOT NULL,
  month INTEGER NOT NULL,
  entitlement_id BIGINT NOT NULL,
  PRIMARY KEY (exclusion_group, person_id, month)
);
CREATE INDEX coverage_by_entitlement ON coverage (entitlement_id, month);

CREATE TABLE recovery (
  id {id},
  entitlement_id BIGINT NOT NULL REFERENCES entitlement (id),
  amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
  offset_fen_per_month BIGINT CHECK (offset_fen_per_month > 0),
  reason TEXT NOT NULL,
  reference TEXT NOT NULL CHECK (reference <> ''),
  case_id BIGINT,
  made_by BIGINT NOT NULL,
  made_at BIGINT NOT NULL
);
CREATE INDEX recovery_by_entitlement ON recovery (entitlement_id);

CREATE TABLE due (
  id {id},
  entitlement_id BIGINT NOT NULL REFERENCES entitlement (id),
  month INTEGER NOT NULL,
  revision INTEGER NOT NULL CHECK (revision >= 0),
  amount_fen BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('regular', 'arrears', 'recovery', 'reversal')),
  run_id BIGINT,
  recovery_id BIGINT REFERENCES recovery (id),
  reverses_due_id BIGINT REFERENCES due (id),
  amount_id BIGINT,
  reason TEXT NOT NULL,
  reference TEXT NOT NULL CHECK (reference <> ''),
  case_id BIGINT,
  made_by BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  UNIQUE (entitlement_id, month, revision),
  CHECK ((kind IN ('regular', 'arrears') AND amount_fen > 0) OR (kind IN ('recovery', 'reversal') AND amount_fen < 0)),
  CHECK ((kind = 'reversal') = (reverses_due_id IS NOT NULL)),
  CHECK ((kind = 'recovery') = (recovery_id IS NOT NULL)),
  CHECK (kind <> 'regular' OR (run_id IS NOT NULL AND amount_id IS NOT NULL))
);
CREATE UNIQUE INDEX due_reversed_once ON due (reverses_due_id) WHERE reverses_due_id IS NOT NULL;

-- Positive dues that no open or succeeded attempt pays: what the next run takes along.
-- Derived from due, attempt and recovery_entry; `verify` compares.
CREATE TABLE unpaid_due (
  due_id BIGINT PRIMARY KEY,
  entitlement_id BIGINT NOT NULL,
  amount_fen BIGINT NOT NULL CHECK (amount_fen > 0)
);
CREATE INDEX unpaid_due_by_entitlement ON unpaid_due (entitlement_id);

CREATE TABLE payment_line (
  id {id},
  run_id BIGINT NOT NULL REFERENCES payment_run (id),
  entitlement_id BIGINT NOT NULL,
  line_no INTEGER,
  payee_id BIGINT,
  amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
  state TEXT NOT NULL CHECK (state IN ('open', 'nothing', 'blocked', 'withdrawn', 'cancelled', 'succeeded', 'failed')),
  reason TEXT,
  bank_reference TEXT,
  UNIQUE (run_id, entitlement_id),
  UNIQUE (run_id, line_no),
  CHECK (state NOT IN ('open', 'succeeded', 'failed') OR (line_no IS NOT NULL AND payee_id IS NOT NULL AND amount_fen > 0)),
  CHECK (state NOT IN ('blocked', 'withdrawn', 'failed') OR reason IS NOT NULL)
);
CREATE INDEX payment_line_by_entitlement ON payment_line (entitlement_id);
-- Few of many: blocked, withdrawn, failed, nothing to pay.
CREATE INDEX payment_line_special ON payment_line (run_id, state, id) WHERE state NOT IN ('open', 'succeeded');

CREATE TABLE attempt (
  id {id},
  due_id BIGINT NOT NULL REFERENCES due (id),
  number INTEGER NOT NULL CHECK (number >= 1),
  line_id BIGINT NOT NULL REFERENCES payment_line (id),
  amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
  state TEXT NOT NULL CHECK (state IN ('open', 'succeeded', 'failed', 'cancelled')),
  UNIQUE (due_id, number)
);
CREATE UNIQUE INDEX attempt_alive ON attempt (due_id) WHERE state IN ('open', 'succeeded');
CREATE INDEX attempt_by_line ON attempt (line_id);

-- How a recovery came down: netted against what was not yet paid, taken from a later due, or given back.
CREATE TABLE recovery_entry (
  id {id},
  recovery_id BIGINT NOT NULL REFERENCES recovery (id),
  kind TEXT NOT NULL CHECK (kind IN ('netted', 'offset', 'undone', 'returned')),
  amount_fen BIGINT NOT NULL,
  due_id BIGINT REFERENCES due (id),
  run_id BIGINT REFERENCES payment_run (id),
  returned_on DATE,
  bank_reference TEXT,
  reference TEXT NOT NULL CHECK (reference <> ''),
  made_by BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  CHECK ((kind = 'undone' AND amount_fen < 0) OR (kind <> 'undone' AND amount_fen > 0)),
  CHECK ((kind = 'returned') = (due_id IS NULL)),
  CHECK (kind <> 'returned' OR (returned_on IS NOT NULL AND bank_reference IS NOT NULL)),
  CHECK (kind NOT IN ('offset', 'undone') OR run_id IS NOT NULL)
);
CREATE INDEX recovery_entry_by_recovery ON recovery_entry (recovery_id);
CREATE INDEX recovery_entry_by_due ON recovery_entry (due_id);
CREATE INDEX recovery_entry_by_run ON recovery_entry (run_id);
-- One voucher books one return.
CREATE UNIQUE INDEX recovery_entry_voucher ON recovery_entry (recovery_id, bank_reference) WHERE kind = 'returned';

-- The bank's answer as read, row by row, before and while it is applied.
CREATE TABLE bank_answer (
  run_id BIGINT NOT NULL REFERENCES payment_run (id),
  line_no INTEGER NOT NULL,
  amount_fen BIGINT NOT NULL,
  succeeded BOOLEAN NOT NULL,
  reason TEXT,
  bank_reference TEXT NOT NULL,
  applied BOOLEAN NOT NULL,
  read_by BIGINT NOT NULL,
  read_at BIGINT NOT NULL,
  PRIMARY KEY (run_id, line_no),
  CHECK (succeeded OR reason IS NOT NULL)
);
CREATE INDEX bank_answer_waiting ON bank_answer (run_id, line_no) WHERE NOT applied;

CREATE TABLE journal (
  id {id},
  county_id BIGINT NOT NULL REFERENCES division (id),
  kind TEXT NOT NULL CHECK (kind IN ('dues', 'arrears', 'recovery', 'offset', 'offset_undone', 'reversal', 'export', 'answer', 'return')),
  month INTEGER NOT NULL,
  run_id BIGINT REFERENCES payment_run (id),
  recovery_id BIGINT REFERENCES recovery (id),
  reference TEXT NOT NULL CHECK (reference <> ''),
  made_by BIGINT NOT NULL,
  made_at BIGINT NOT NULL
);
CREATE INDEX journal_by_run ON journal (run_id);

CREATE TABLE posting (
  id {id},
  journal_id BIGINT NOT NULL REFERENCES journal (id),
  account TEXT NOT NULL CHECK (account IN ('appropriation', 'payable', 'bank_clearing', 'paid', 'recoverable', 'recovered')),
  entitlement_id BIGINT,
  amount_fen BIGINT NOT NULL CHECK (amount_fen <> 0),
  CHECK ((account IN ('payable', 'recoverable')) = (entitlement_id IS NOT NULL))
);
CREATE INDEX posting_by_journal ON posting (journal_id);
CREATE INDEX posting_by_entitlement ON posting (entitlement_id, account);

--postgres CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME; END $$;
--postgres CREATE TRIGGER due_append_only BEFORE UPDATE OR DELETE ON due FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
--postgres CREATE TRIGGER due_no_truncate BEFORE TRUNCATE ON due FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
--postgres CREATE TRIGGER recovery_append_only BEFORE UPDATE OR DELETE ON recovery FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
--postgres CREATE TRIGGER recovery_entry_append_only BEFORE UPDATE OR DELETE ON recovery_entry FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
--postgres CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
--postgres CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
--postgres CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE ON posting FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
--postgres CREATE TRIGGER posting_no_truncate BEFORE TRUNCATE ON posting FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
--sqlite CREATE TRIGGER due_no_update BEFORE UPDATE ON due BEGIN SELECT RAISE(ABORT, 'append-only: due'); END;
--sqlite CREATE TRIGGER due_no_delete BEFORE DELETE ON due BEGIN SELECT RAISE(ABORT, 'append-only: due'); END;
--sqlite CREATE TRIGGER recovery_no_update BEFORE UPDATE ON recovery BEGIN SELECT RAISE(ABORT, 'append-only: recovery'); END;
--sqlite CREATE TRIGGER recovery_no_delete BEFORE DELETE ON recovery BEGIN SELECT RAISE(ABORT, 'append-only: recovery'); END;
--sqlite CREATE TRIGGER recovery_entry_no_update BEFORE UPDATE ON recovery_entry BEGIN SELECT RAISE(ABORT, 'append-only: recovery_entry'); END;
--sqlite CREATE TRIGGER recovery_entry_no_delete BEFORE DELETE ON recovery_entry BEGIN SELECT RAISE(ABORT, 'append-only: recovery_entry'); END;
--sqlite CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'append-only: journal'); END;
--sqlite CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'append-only: journal'); END;
--sqlite CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting BEGIN SELECT RAISE(ABORT, 'append-only: posting'); END;
--sqlite CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting BEGIN SELECT RAISE(ABORT, 'append-only: posting'); END;
