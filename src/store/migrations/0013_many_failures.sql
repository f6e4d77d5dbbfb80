-- A million failures: counted, listed and grouped without reading their rows, which are wide with message and past; sets of them
-- frozen in seconds; and those that are over let go when they are old.

-- Counted every few seconds for the metrics. All that is alike is one entry, so this is some megabytes for a million.
CREATE INDEX failures_counted ON failures (step, reason, state);
-- Pages by reason; and every group is made of this index alone.
CREATE INDEX failures_open_reason ON failures (reason, at, id) INCLUDE (state, step, link, appid, busicode, region, last_at)
    WHERE state <> 'resolved';
-- Pages of one child, of which there may be three among a million of another's.
CREATE INDEX failures_open_link ON failures (link, at, id) WHERE state <> 'resolved';
-- What is over, oldest first: to be listed, and to be let go.
CREATE INDEX failures_over ON failures (at, id) WHERE state IN ('resolved', 'discarded');

-- An act and its items are written in one transaction: to look the act up again for each item takes as long as all the rest.
ALTER TABLE desk_items DROP CONSTRAINT desk_items_act_fkey;
-- Items are begun in the order of their ordinals, so the primary key finds the next ones.
DROP INDEX desk_items_waiting;
