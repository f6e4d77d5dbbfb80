-- Operators' acts on failures: each with the set it was asked for, as it was when it was asked for.

-- From whom a failure came, or to whom it was on its way: a node's broker user, or 'parent'.
ALTER TABLE failures ADD COLUMN link text NOT NULL DEFAULT '';

CREATE TABLE desk_acts (
    id          uuid        PRIMARY KEY,  -- given by who asks: asking twice is asking once
    act         text        NOT NULL CHECK (act IN ('replay', 'discard')),
    asked_by    text        NOT NULL,
    why         text        NOT NULL,
    asked_at    timestamptz NOT NULL,
    selection   json        NOT NULL,     -- the conditions, as they were asked for
    per_second  integer     NOT NULL,
    canary      integer     NOT NULL,     -- so many are tried and waited for before the rest
    state       text        NOT NULL CHECK (state IN ('canary', 'running', 'paused', 'cancelled', 'done')),
    note        text        NOT NULL DEFAULT '',  -- who paused or cancelled it, and why
    total       integer     NOT NULL,     -- items by state; what is in none of these waits
    sent        integer     NOT NULL DEFAULT 0,
    resolved    integer     NOT NULL DEFAULT 0,
    failed      integer     NOT NULL DEFAULT 0,
    skipped     integer     NOT NULL DEFAULT 0,
    discarded   integer     NOT NULL DEFAULT 0,
    ended_at    timestamptz
);
CREATE INDEX desk_acts_asked ON desk_acts (asked_at, id);
CREATE INDEX desk_acts_open ON desk_acts (id) WHERE state IN ('canary', 'running', 'paused');

CREATE TABLE desk_items (
    act      uuid    NOT NULL REFERENCES desk_acts ON DELETE CASCADE,
    ordinal  integer NOT NULL,
    failure  uuid    NOT NULL,
    round    integer NOT NULL,            -- where it stood when the act was asked for: if it has moved on, it is skipped
    attempts integer NOT NULL,
    state    text    NOT NULL DEFAULT 'waiting'
             CHECK (state IN ('waiting', 'sent', 'resolved', 'failed', 'skipped', 'discarded')),
    PRIMARY KEY (act, ordinal)
);
CREATE INDEX desk_items_waiting ON desk_items (act, ordinal) WHERE state = 'waiting';
CREATE INDEX desk_items_sent    ON desk_items (act, failure) WHERE state = 'sent';
