-- How grave an alert is by the pack's rule and by when somebody must have dealt with it (office::records::settle). An alert without grades has neither.
ALTER TABLE record_alert ADD COLUMN grade TEXT CHECK (grade IN ('red', 'orange', 'yellow'));
ALTER TABLE record_alert ADD COLUMN due_on DATE;
CREATE INDEX record_alert_due ON record_alert (office_id, due_on, id) WHERE state = 'open' AND due_on IS NOT NULL;
-- Counted by register and time of raising (performance, fairness).
CREATE INDEX record_alert_raised ON record_alert (register, raised_at);
