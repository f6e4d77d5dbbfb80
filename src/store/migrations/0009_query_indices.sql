-- Indices of log queries and of queries of records, mended after measuring them at twenty million log rows and five million records
-- (docs/query-plans.md). PostgreSQL takes an index in the order of time for any condition whose value it thinks common, and reads
-- millions of rows where the value is rare there; so no index of the log, and none of records by region, leaves it that choice.

-- An entry delivered twice has the same id and time, and so meets its first copy here. The key began with the time, and was the index
-- by time alone that PostgreSQL mistook for a good one. Ids are made in the order of time, so this one grows at its end too.
ALTER TABLE log DROP CONSTRAINT log_pkey, ADD PRIMARY KEY (id, at);

-- Conditions that are common each may seldom meet: a rare dataset in a large county, an action that an app never takes. What an
-- index does not begin with it has as a further column, so that a page is found by the index alone (`store::streams`): of a hundred
-- thousand rows passed over none is fetched. `persisted_at` tells the month of those that are. It costs an index some twenty bytes a
-- row and no further write.
DROP INDEX batches_busicode, batches_app, batches_region;
CREATE INDEX batches_busicode ON batches (busicode, action, accepted_at, id)
    INCLUDE (persisted_at, region, resolved);
CREATE INDEX batches_app ON batches (appid, busicode, action, accepted_at, id)
    INCLUDE (persisted_at, region, origin, resolved);
CREATE INDEX batches_region ON batches (region, accepted_at, id)
    INCLUDE (persisted_at, appid, busicode, action, origin, resolved);

-- Refusals in the order of time, a stream for each action. Actions of refused requests are whatever was sent: 0 stands for those that
-- are none. There was an index by time alone, and none by dataset and action together. An app's refusals are in one stream, since
-- it may send any number of codes that are none.
DROP INDEX log_refused, log_refused_action, log_refused_busicode, log_refused_app;
CREATE INDEX log_refused ON log
    ((CASE action WHEN '01' THEN 1 WHEN '02' THEN 2 WHEN '03' THEN 3 WHEN '04' THEN 4 ELSE 0 END), at, id)
    INCLUDE (action) WHERE code <> '';
CREATE INDEX log_refused_busicode ON log
    (busicode, (CASE action WHEN '01' THEN 1 WHEN '02' THEN 2 WHEN '03' THEN 3 WHEN '04' THEN 4 ELSE 0 END), at, id)
    INCLUDE (appid, action) WHERE code <> '';
CREATE INDEX log_refused_app ON log (appid, at, id) INCLUDE (busicode, action) WHERE code <> '';

-- Open failures by action: there may be a million, all of one action, while another is asked for.
CREATE INDEX failures_open_action ON failures (action, at, id) WHERE state <> 'resolved';

-- Dataset and region are one number here: of two columns PostgreSQL would take the first alone for as good, and read a whole dataset
-- for a small county. The columns included let deleted records be passed over without looking at them.
DROP INDEX records_region;
CREATE INDEX records_region ON records ((busicode * 1000000 + region), applied_at, id) INCLUDE (busicode, region, is_deleted)
    WHERE added IS NOT NULL;

-- The planner is to know the values of the new expressions from the first query on.
ANALYZE batches, log, failures, records;
