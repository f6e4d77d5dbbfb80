-- What failed, as an operator sees it: states by their new names, every attempt, and rows narrow enough to be listed by the million.

ALTER TABLE failures DROP CONSTRAINT failures_state_check;
UPDATE failures SET state = 'parked' WHERE state = 'failed';
ALTER TABLE failures ADD CONSTRAINT failures_state_check
    CHECK (state IN ('retrying', 'parked', 'abandoned', 'discarded', 'resolved'));

-- Each failed attempt and each act of an operator: at, attempt (round.attempt), reason, detail; or at, act, by, why.
ALTER TABLE failures ADD COLUMN past jsonb NOT NULL DEFAULT '[]';
-- Of those that failed before this column was there the last attempt is known.
UPDATE failures SET past = jsonb_build_array(jsonb_build_object(
    'at', to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'attempt', round || '.' || attempts,
    'reason', reason, 'detail', detail));

-- Headers and attempts are read one failure at a time: outside the row they do not stand in the way of lists and counts.
ALTER TABLE failures SET (toast_tuple_target = 256);
