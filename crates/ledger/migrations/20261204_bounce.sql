-- 退汇: money that the bank sends back after it said "paid". Each line once for ever, with its day, reason and where it is written: a file of the bank,
-- taken once by its hash, or a voucher that somebody typed. The line and its attempts are failed from then on; the books take the payment back in red.
CREATE TABLE bounce_file (
  run_id BIGINT NOT NULL REFERENCES payment_run (id),
  file_sm3 TEXT NOT NULL CHECK (file_sm3 <> ''),
  row_count BIGINT NOT NULL,
  total_fen BIGINT NOT NULL,
  read_by BIGINT NOT NULL,
  read_at BIGINT NOT NULL,
  PRIMARY KEY (run_id, file_sm3)
);

CREATE TABLE bounce (
  line_id BIGINT PRIMARY KEY REFERENCES payment_line (id),
  run_id BIGINT NOT NULL REFERENCES payment_run (id),
  amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
  returned_on DATE NOT NULL,
  reason TEXT NOT NULL CHECK (reason <> ''),
  bank_reference TEXT NOT NULL,
  file_sm3 TEXT,
  journal_id BIGINT NOT NULL,
  made_by BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  CHECK (file_sm3 IS NOT NULL OR bank_reference <> '')
);
CREATE INDEX bounce_by_run ON bounce (run_id, line_id);
-- One voucher books one return.
CREATE UNIQUE INDEX bounce_voucher ON bounce (run_id, bank_reference) WHERE file_sm3 IS NULL;
-- An account from which money came back is looked for wherever it is paid to.
CREATE INDEX payee_by_account ON payee (bank_account_id);

--postgres CREATE TRIGGER bounce_append_only BEFORE UPDATE OR DELETE ON bounce FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
--postgres CREATE TRIGGER bounce_no_truncate BEFORE TRUNCATE ON bounce FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
--postgres CREATE TRIGGER bounce_file_append_only BEFORE UPDATE OR DELETE ON bounce_file FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
--sqlite CREATE TRIGGER bounce_no_update BEFORE UPDATE ON bounce BEGIN SELECT RAISE(ABORT, 'append-only: bounce'); END;
--sqlite CREATE TRIGGER bounce_no_delete BEFORE DELETE ON bounce BEGIN SELECT RAISE(ABORT, 'append-only: bounce'); END;
--sqlite CREATE TRIGGER bounce_file_no_update BEFORE UPDATE ON bounce_file BEGIN SELECT RAISE(ABORT, 'append-only: bounce_file'); END;
--sqlite CREATE TRIGGER bounce_file_no_delete BEFORE DELETE ON bounce_file BEGIN SELECT RAISE(ABORT, 'append-only: bounce_file'); END;
