-- What became of an act after it was asked for: at, by, act, why. Of those of before, the last of it is known.
ALTER TABLE desk_acts ADD COLUMN past jsonb NOT NULL DEFAULT '[]';
UPDATE desk_acts SET past = jsonb_build_array(jsonb_build_object(
    'at', to_char(coalesce(ended_at, asked_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'by', '', 'act', state, 'why', note))
    WHERE note <> '';
ALTER TABLE desk_acts DROP COLUMN note;

-- What is overdue is looked for one step at a time: the queue of one may be long while nothing lies in that of another.
DROP INDEX failures_due;
CREATE INDEX failures_due ON failures (step, next_at) WHERE next_at IS NOT NULL;
