-- The first schema. Codes of regions and datasets are kept as numbers: they are compared and sorted by the million.

-- One row per accepted exchange that has been committed here: the guard of 'once', the body (stored once, compressed),
-- and the evidence of who sent it. The interface log (§6.1) reads it too.
CREATE TABLE batches (
    id           uuid        PRIMARY KEY,
    origin       integer     NOT NULL,  -- region of the entering node
    appid        text        NOT NULL,  -- of the sender at the entering node
    random       text        NOT NULL,  -- of the sender (§6.2.2)
    busicode     smallint    NOT NULL,  -- 1 to 999 (§6.2.2, table 2)
    action       smallint    NOT NULL,  -- 1 add, 2 modify, 3 delete (table 3)
    region       integer     NOT NULL,  -- the smallest region that covers every record
    records      integer     NOT NULL,
    stale        integer     NOT NULL DEFAULT 0,  -- changes older than what was there
    bytes        integer     NOT NULL,  -- of the busilist, uncompressed
    digest       bytea       NOT NULL,  -- SM3 of the content: fixed by the first commit
    accepted_at  timestamptz NOT NULL,  -- at the entering node; the base of every version in the batch
    home         integer     NOT NULL,  -- the sender's own region: XZQHDM where a modify or delete leaves it out
    persisted_at timestamptz NOT NULL DEFAULT now(),
    trace        json        NOT NULL,  -- the nodes passed, each with its time
    evidence     json        NOT NULL,  -- the sender's own signature and how to check it
    body         bytea       NOT NULL   -- the busilist, zstd
);
-- The body is compressed already; PostgreSQL must not try again.
ALTER TABLE batches ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX batches_accepted ON batches (accepted_at, id);

-- The state of every record: per-field last-writer-wins. `added`, `deleted` and the values of `modified` are versions in
-- their encoded form, which compares as bytes.
CREATE SEQUENCE record_ids;
CREATE TABLE records (
    busicode   smallint    NOT NULL,
    region     integer     NOT NULL,  -- XZQHDM
    key        text        NOT NULL COLLATE "C",  -- the primary key in comparable form, parts joined by U+001F
    id         bigint      NOT NULL,
    batch      uuid        NOT NULL,  -- of the last change applied
    applied_at timestamptz NOT NULL,  -- start of the transaction that applied it
    is_deleted boolean     NOT NULL,
    added      bytea,                 -- null: only modifies or deletes have come; hidden
    deleted    bytea,
    modified   json,                  -- {field: version in hex} of the fields modified since the add
    fields     json        NOT NULL,  -- as they are now
    PRIMARY KEY (busicode, region, key)
);
CREATE INDEX records_applied ON records (busicode, applied_at, id);

-- Every change ever merged, narrow: it points into the body of its batch.
CREATE TABLE changes (
    record  bigint  NOT NULL,
    batch   uuid    NOT NULL,
    ordinal integer NOT NULL
);
CREATE INDEX changes_record ON changes (record);

-- Batches committed here and not yet published to the accepted exchange. Empty when all is well.
CREATE TABLE outbox (
    batch uuid        PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT now()
);

-- What could not be applied or forwarded, with its body: nothing is ever dropped.
CREATE TABLE failures (
    id         uuid        PRIMARY KEY,  -- derived from the message, so that a redelivery is the same failure
    batch      uuid,                     -- null where the message does not even tell
    step       text        NOT NULL,     -- persist | uplink
    reason     text        NOT NULL,     -- a stable code
    detail     text        NOT NULL,     -- for people
    state      text        NOT NULL CHECK (state IN ('retrying', 'failed', 'resolved')),
    attempts   integer     NOT NULL,     -- in this round
    round      integer     NOT NULL,
    first_at   timestamptz NOT NULL DEFAULT now(),
    last_at    timestamptz NOT NULL DEFAULT now(),
    next_at    timestamptz,              -- when it is tried again; null once resolved
    appid      text,                     -- what the message tells of itself, for the log and for operators
    random     text,
    busicode   smallint,
    action     smallint,
    region     integer,
    records    integer,
    accepted_at timestamptz,
    routing_key text       NOT NULL,
    headers    json        NOT NULL,
    body       bytea       NOT NULL      -- of the message, zstd
);
ALTER TABLE failures ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX failures_due ON failures (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX failures_batch ON failures (batch);

-- Exchanges that made no batch: refusals and queries (§6.1 接口日志). Accepted writes are the rows of `batches`.
CREATE TABLE log (
    id       uuid        NOT NULL,
    at       timestamptz NOT NULL,
    appid    text        NOT NULL,
    busicode text        NOT NULL,
    action   text        NOT NULL,
    region   integer,
    random   text        NOT NULL,
    records  integer     NOT NULL,
    bytes    bigint      NOT NULL,
    code     text        NOT NULL,  -- of the refusal; empty for a success
    message  text        NOT NULL,
    millis   integer     NOT NULL,
    PRIMARY KEY (at, id)
);
