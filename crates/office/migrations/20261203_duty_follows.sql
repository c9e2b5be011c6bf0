-- A time of a duty is known by the doing that it follows (office::records::settle), not by its day alone: what is done a second time on one day
-- falls due again on the day on which the first doing already fell due again. 0 follows none. A doing has a higher number than the one before it.
--postgres ALTER TABLE record_duty ADD COLUMN follows BIGINT NOT NULL DEFAULT 0;
--postgres ALTER TABLE record_duty DROP CONSTRAINT record_duty_register_record_id_duty_due_on_key;
--sqlite CREATE TABLE record_duty_next (id {id}, register TEXT NOT NULL, record_id BIGINT NOT NULL, duty TEXT NOT NULL, division_id BIGINT NOT NULL REFERENCES division (id), office_id BIGINT NOT NULL REFERENCES division (id), title TEXT NOT NULL, shown_on DATE NOT NULL, due_on DATE NOT NULL, state TEXT NOT NULL CHECK (state IN ('open', 'done', 'lapsed')), done_on DATE, done_by BIGINT REFERENCES staff (id), note TEXT, form TEXT, release_hash TEXT, answers_sealed {bytes}, made_at BIGINT NOT NULL, planned_on DATE, planned_for BIGINT REFERENCES staff (id), counted_from DATE, follows BIGINT NOT NULL DEFAULT 0, CHECK ((state = 'done') = (done_on IS NOT NULL)));
--sqlite INSERT INTO record_duty_next (id, register, record_id, duty, division_id, office_id, title, shown_on, due_on, state, done_on, done_by, note, form, release_hash, answers_sealed, made_at, planned_on, planned_for, counted_from) SELECT id, register, record_id, duty, division_id, office_id, title, shown_on, due_on, state, done_on, done_by, note, form, release_hash, answers_sealed, made_at, planned_on, planned_for, counted_from FROM record_duty;
--sqlite DROP TABLE record_duty;
--sqlite ALTER TABLE record_duty_next RENAME TO record_duty;
--sqlite CREATE UNIQUE INDEX record_duty_one_open ON record_duty (register, record_id, duty) WHERE state = 'open';
--sqlite CREATE INDEX record_duty_open ON record_duty (office_id, due_on, id) WHERE state = 'open';
--sqlite CREATE INDEX record_duty_by_division ON record_duty (division_id, state, due_on, id);
--sqlite CREATE INDEX record_duty_rates ON record_duty (register, duty, due_on);
--sqlite CREATE INDEX record_duty_planned ON record_duty (planned_on, id) WHERE planned_on IS NOT NULL;
CREATE INDEX record_duty_done ON record_duty (register, record_id, duty, id) WHERE state = 'done';
UPDATE record_duty SET follows = COALESCE((SELECT max(f.id) FROM record_duty f WHERE f.register = record_duty.register AND f.record_id = record_duty.record_id AND f.duty = record_duty.duty AND f.state = 'done' AND f.id < record_duty.id), 0);
CREATE UNIQUE INDEX record_duty_once ON record_duty (register, record_id, duty, follows, due_on);
