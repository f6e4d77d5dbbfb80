-- The interface log by months: batches, log entries and changes lie in a table for each month, so that a month is archived and
-- dropped as a whole. Ids are not unique across months any more, so 'once' has a narrow table of its own. And indices for every
-- condition of a log query and of a query of records (docs/query-plans.md).

-- Makes the tables of a month, given by any day of it, where they are missing; returns how many it made. Months are those of
-- Beijing time, which every time of the interface is in. It waits for locks as long as its caller allows (lock_timeout).
CREATE FUNCTION make_month(day date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    part   text;
    first  timestamptz := date_trunc('month', day::timestamp) AT TIME ZONE INTERVAL '8 hours';
    after  timestamptz := (date_trunc('month', day::timestamp) + INTERVAL '1 month') AT TIME ZONE INTERVAL '8 hours';
    made   integer := 0;
BEGIN
    -- Two processes that miss the same month must not both make it.
    PERFORM pg_advisory_xact_lock(1583037953);
    FOREACH parent IN ARRAY ARRAY['batches', 'changes', 'log'] LOOP
        part := parent || to_char(day, '_YYYYMM');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent, first, after);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

-- The guard of 'once': one row per batch ever committed here, kept as long as the batch itself.
CREATE TABLE once (
    id     uuid        PRIMARY KEY,
    digest bytea       NOT NULL,  -- SM3 of the content: fixed by the first commit
    at     timestamptz NOT NULL DEFAULT now()  -- `persisted_at` of the batch: tells the month it lies in
);
INSERT INTO once SELECT id, digest, persisted_at FROM batches;

-- Batches, by the month of their commit.
ALTER TABLE batches ADD COLUMN resolved boolean NOT NULL DEFAULT false;  -- failed here once, and committed or sent up since
UPDATE batches b SET resolved = true FROM failures f WHERE f.batch = b.id AND f.state = 'resolved';
ALTER TABLE batches RENAME TO batches_before;
-- With whatever columns it has.
CREATE TABLE batches (LIKE batches_before INCLUDING DEFAULTS INCLUDING STORAGE) PARTITION BY RANGE (persisted_at);

-- Changes, by the month of their commit.
ALTER TABLE changes ADD COLUMN at timestamptz NOT NULL DEFAULT now();
UPDATE changes c SET at = b.persisted_at FROM batches_before b WHERE b.id = c.batch;
DROP VIEW history;
ALTER TABLE changes RENAME TO changes_before;
ALTER INDEX changes_record RENAME TO changes_before_record;
CREATE TABLE changes (LIKE changes_before INCLUDING DEFAULTS) PARTITION BY RANGE (at);

-- Log entries, by the month of the answer.
ALTER TABLE log RENAME TO log_before;
ALTER INDEX log_pkey RENAME TO log_before_pkey;
ALTER TABLE log_before DROP COLUMN region;  -- never written: a refused exchange and a query have none
CREATE TABLE log (LIKE log_before) PARTITION BY RANGE (at);

-- Every month from the first there is something of.
SELECT make_month(month::date) FROM (
    SELECT least((SELECT min(persisted_at) FROM batches_before), (SELECT min(at) FROM changes_before),
                 (SELECT min(at) FROM log_before), now()) AS first,
           greatest((SELECT max(persisted_at) FROM batches_before), (SELECT max(at) FROM log_before), now()) AS last
) span, generate_series(date_trunc('month', first AT TIME ZONE INTERVAL '8 hours'),
                        date_trunc('month', last AT TIME ZONE INTERVAL '8 hours'), INTERVAL '1 month') AS month;
INSERT INTO batches SELECT * FROM batches_before;
INSERT INTO changes SELECT * FROM changes_before;
INSERT INTO log SELECT * FROM log_before;
DROP TABLE batches_before, changes_before, log_before;

-- A batch is looked up by the time that `once` tells of it. Commits come in the order of time, so this index grows at its end.
ALTER TABLE batches ADD PRIMARY KEY (persisted_at, id);
-- A log query reads its sources in the order of time through an index that begins with what is asked for, so that no value is
-- rare: `store::log` tells which one it means for which conditions. Each costs every insert, so there are few: what an index
-- does not begin with, a query goes through value by value (three actions, a dozen datasets, the regions of a city), and a
-- random needs none, since the id of a batch is made of sender and random.
CREATE INDEX batches_busicode ON batches (busicode, action, accepted_at, id);
CREATE INDEX batches_app      ON batches (appid, busicode, action, accepted_at, id);
CREATE INDEX batches_region   ON batches (region, accepted_at, id);
CREATE INDEX batches_resolved ON batches (accepted_at, id) WHERE resolved;

-- Every sender of a batch: an operator who asks for a random alone asks for the batches of that random of all of them.
CREATE TABLE senders (
    origin integer NOT NULL,  -- region of the entering node
    appid  text    NOT NULL,
    PRIMARY KEY (origin, appid)
);
INSERT INTO senders SELECT DISTINCT origin, appid FROM batches;

CREATE INDEX changes_record ON changes (record);

-- An entry delivered twice has the same time, and so meets its first copy here.
ALTER TABLE log ADD PRIMARY KEY (at, id);
CREATE INDEX log_answered         ON log (busicode, action, at, id)        WHERE code = '';
CREATE INDEX log_answered_app     ON log (appid, busicode, action, at, id) WHERE code = '';
CREATE INDEX log_refused          ON log (at, id)                          WHERE code <> '';
CREATE INDEX log_refused_app      ON log (appid, at, id)                   WHERE code <> '';
CREATE INDEX log_refused_busicode ON log (busicode, at, id)                WHERE code <> '';
CREATE INDEX log_refused_action   ON log (action, at, id)                  WHERE code <> '';
CREATE INDEX log_random            ON log (random);

-- Open failures are rows of the log too; there may be a million of them (a child whose key is wrong).
ALTER TABLE failures ADD COLUMN at timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(accepted_at, first_at)) STORED;
CREATE INDEX failures_open          ON failures (at, id)           WHERE state <> 'resolved';
CREATE INDEX failures_open_state    ON failures (state, at, id)    WHERE state <> 'resolved';
CREATE INDEX failures_open_app      ON failures (appid, at, id)    WHERE state <> 'resolved';
CREATE INDEX failures_open_busicode ON failures (busicode, at, id) WHERE state <> 'resolved';
CREATE INDEX failures_open_region   ON failures (region, at, id)   WHERE state <> 'resolved';
CREATE INDEX failures_random        ON failures (random);

-- Records are asked for by key, in whatever region they lie, or by region in the order applied.
ALTER TABLE records DROP CONSTRAINT records_pkey, ADD PRIMARY KEY (busicode, key, region);
CREATE INDEX records_region ON records (busicode, region, applied_at, id) INCLUDE (is_deleted) WHERE added IS NOT NULL;
-- The later part of a key, which is often the number people know (检验报告编号).
CREATE INDEX records_key_2 ON records (busicode, split_part(key, E'\x1f', 2)) WHERE strpos(key, E'\x1f') > 0;

-- Every change ever merged. Its batch may have been archived since: then `once` does not know it any more.
CREATE VIEW history AS
    SELECT id AS record, first_batch AS batch, first_ordinal AS ordinal FROM records
    UNION ALL
    SELECT record, batch, ordinal FROM changes;
