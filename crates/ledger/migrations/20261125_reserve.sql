-- 备用金: money that lies with a township for emergencies. Its books are part of the books: two accounts and one kind of journal more.
--postgres ALTER TABLE journal DROP CONSTRAINT journal_kind_check;
--postgres ALTER TABLE journal ADD CONSTRAINT journal_kind_check CHECK (kind IN ('dues', 'arrears', 'recovery', 'offset', 'offset_undone', 'reversal', 'export', 'answer', 'return', 'reserve'));
--postgres ALTER TABLE posting DROP CONSTRAINT posting_account_check;
--postgres ALTER TABLE posting ADD CONSTRAINT posting_account_check CHECK (account IN ('appropriation', 'payable', 'bank_clearing', 'paid', 'recoverable', 'recovered', 'reserve', 'allotted'));

-- SQLite changes no check of a table: both are made again and everything is carried over.
--sqlite CREATE TABLE journal_next (id {id}, county_id BIGINT NOT NULL REFERENCES division (id), kind TEXT NOT NULL CHECK (kind IN ('dues', 'arrears', 'recovery', 'offset', 'offset_undone', 'reversal', 'export', 'answer', 'return', 'reserve')), month INTEGER NOT NULL, run_id BIGINT REFERENCES payment_run (id), recovery_id BIGINT REFERENCES recovery (id), reference TEXT NOT NULL CHECK (reference <> ''), made_by BIGINT NOT NULL, made_at BIGINT NOT NULL);
--sqlite INSERT INTO journal_next (id, county_id, kind, month, run_id, recovery_id, reference, made_by, made_at) SELECT id, county_id, kind, month, run_id, recovery_id, reference, made_by, made_at FROM journal;
--sqlite CREATE TABLE posting_next (id {id}, journal_id BIGINT NOT NULL REFERENCES journal_next (id), account TEXT NOT NULL CHECK (account IN ('appropriation', 'payable', 'bank_clearing', 'paid', 'recoverable', 'recovered', 'reserve', 'allotted')), entitlement_id BIGINT, amount_fen BIGINT NOT NULL CHECK (amount_fen <> 0), CHECK ((account IN ('payable', 'recoverable')) = (entitlement_id IS NOT NULL)));
--sqlite INSERT INTO posting_next (id, journal_id, account, entitlement_id, amount_fen) SELECT id, journal_id, account, entitlement_id, amount_fen FROM posting;
--sqlite DROP TABLE posting;
--sqlite DROP TABLE journal;
--sqlite ALTER TABLE journal_next RENAME TO journal;
--sqlite ALTER TABLE posting_next RENAME TO posting;
--sqlite CREATE INDEX journal_by_run ON journal (run_id);
--sqlite CREATE INDEX posting_by_journal ON posting (journal_id);
--sqlite CREATE INDEX posting_by_entitlement ON posting (entitlement_id, account);
--sqlite CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'append-only: journal'); END;
--sqlite CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'append-only: journal'); END;
--sqlite CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting BEGIN SELECT RAISE(ABORT, 'append-only: posting'); END;
--sqlite CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting BEGIN SELECT RAISE(ABORT, 'append-only: posting'); END;

-- One fund of a township. Nobody spends what is not there: the database refuses it.
CREATE TABLE reserve_fund (
  id {id},
  county_id BIGINT NOT NULL REFERENCES division (id),
  township_id BIGINT NOT NULL UNIQUE REFERENCES division (id),
  balance_fen BIGINT NOT NULL CHECK (balance_fen >= 0)
);
CREATE INDEX reserve_fund_by_county ON reserve_fund (county_id, id);

-- What came in, went out and was made up. An advance is booked with the decision on which it rests; everything else by a second person.
CREATE TABLE reserve_entry (
  id {id},
  fund_id BIGINT NOT NULL REFERENCES reserve_fund (id),
  kind TEXT NOT NULL CHECK (kind IN ('allot', 'advance', 'replenish', 'give_back')),
  amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
  due_id BIGINT UNIQUE REFERENCES due (id),
  entitlement_id BIGINT REFERENCES entitlement (id),
  case_id BIGINT,
  reference TEXT NOT NULL CHECK (reference <> ''),
  state TEXT NOT NULL CHECK (state IN ('proposed', 'booked', 'refused')),
  balance_after_fen BIGINT CHECK (balance_after_fen >= 0),
  made_by BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  settled_by BIGINT,
  settled_at BIGINT,
  CHECK (settled_by <> made_by),
  CHECK ((kind = 'advance') = (due_id IS NOT NULL)),
  CHECK ((kind = 'advance') = (entitlement_id IS NOT NULL)),
  CHECK (kind = 'advance' OR state = 'proposed' OR settled_by IS NOT NULL),
  CHECK (kind <> 'advance' OR state = 'booked'),
  CHECK ((state = 'booked') = (balance_after_fen IS NOT NULL))
);
CREATE INDEX reserve_entry_by_fund ON reserve_entry (fund_id, id);
CREATE INDEX reserve_entry_by_entitlement ON reserve_entry (entitlement_id);
-- One thing of a kind waits at a time, so that a form sent twice makes one.
CREATE UNIQUE INDEX reserve_entry_waiting ON reserve_entry (fund_id, kind) WHERE state = 'proposed';

-- The advances that a replenishment makes up, each once.
CREATE TABLE reserve_made_up (
  advance_id BIGINT PRIMARY KEY REFERENCES reserve_entry (id),
  replenish_id BIGINT NOT NULL REFERENCES reserve_entry (id)
);
CREATE INDEX reserve_made_up_by ON reserve_made_up (replenish_id);

--postgres CREATE FUNCTION reserve_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'DELETE' OR OLD.state <> 'proposed' THEN RAISE EXCEPTION 'append-only: reserve_entry'; END IF; RETURN NEW; END $$;
--postgres CREATE TRIGGER reserve_entry_is_kept BEFORE UPDATE OR DELETE ON reserve_entry FOR EACH ROW EXECUTE FUNCTION reserve_is_kept();
--sqlite CREATE TRIGGER reserve_entry_is_kept BEFORE UPDATE ON reserve_entry WHEN OLD.state <> 'proposed' BEGIN SELECT RAISE(ABORT, 'append-only: reserve_entry'); END;
--sqlite CREATE TRIGGER reserve_entry_is_not_deleted BEFORE DELETE ON reserve_entry BEGIN SELECT RAISE(ABORT, 'append-only: reserve_entry'); END;
