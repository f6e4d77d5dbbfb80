-- Receipts: what the tiers above say of batches sent up (§6.5.3, §7.4), and which batches are still to be asked for.

-- What each node above says of a batch, and what this node itself has said of one that it applied in part. By the month of the
-- batch, with which it is archived and dropped.
CREATE TABLE receipts (
    at        timestamptz NOT NULL,  -- `at` of the batch in `once`: tells the month
    batch     uuid        NOT NULL,
    node      integer     NOT NULL,  -- region of the node that says so
    above     integer,               -- the node it shares up to; null at the top
    state     text        NOT NULL CHECK (state IN ('failed', 'parked', 'abandoned', 'persisted', 'resolved')),
    told_at   timestamptz NOT NULL,  -- since when, by that node's clock
    records   integer     NOT NULL,  -- applied there
    unapplied integer     NOT NULL,  -- refused by that node's rules
    code      text,                  -- a stable code; null where all is well, as are the next two
    message   text,                  -- for people
    bad       json,                  -- the records refused, each with place, field, rule and reason; bounded
    version   bytea       NOT NULL,  -- of two verdicts of a node on a batch the one with the greater version counts
    PRIMARY KEY (at, batch, node)
) PARTITION BY RANGE (at);

CREATE OR REPLACE FUNCTION make_month(day date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    part   text;
    first  timestamptz := date_trunc('month', day::timestamp) AT TIME ZONE INTERVAL '8 hours';
    after  timestamptz := (date_trunc('month', day::timestamp) + INTERVAL '1 month') AT TIME ZONE INTERVAL '8 hours';
    made   integer := 0;
BEGIN
    -- Two processes that miss the same month must not both make it.
    PERFORM pg_advisory_xact_lock(1583037953);
    FOREACH parent IN ARRAY ARRAY['batches', 'changes', 'log', 'receipts'] LOOP
        part := parent || to_char(day, '_YYYYMM');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent, first, after);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

-- Beside each month of batches there is.
SELECT make_month(to_date(right(c.relname, 6), 'YYYYMM'))
FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'batches'::regclass;

-- Batches sent up of which not every tier above has said that it has them whole. As good as empty when all is well.
CREATE TABLE unsettled (
    batch       uuid        PRIMARY KEY,
    next_at     timestamptz NOT NULL DEFAULT now() + INTERVAL '10 minutes',  -- when the parent is asked for it
    asked       integer     NOT NULL DEFAULT 0,      -- how often it was; the pauses grow with it
    again       boolean     NOT NULL DEFAULT false,  -- to be sent again instead: the parent does not know it, or not its signature
    sent_again  integer     NOT NULL DEFAULT 0,      -- how often it was, with the same key
    sealed_with integer                              -- mark of the key it was sent again with
);
CREATE INDEX unsettled_due ON unsettled (again, next_at);

-- Parents that have sent receipts. One of before receipts would take a question for a batch that nobody has signed.
CREATE TABLE receipt_peers (
    node  integer     PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT now()
);
