-- Transfers that failed at the door (§7.4 传输失败3次标记), as the processes of a node share them. What a row says is merged by
-- sesame, never overwritten: latest floor, latest failures above it. No body is kept, and rows are few: what counts no more
-- goes, and past a number the oldest.

CREATE TABLE marks (
    appid      text          NOT NULL COLLATE "C",  -- 应用账号, of an app that is known
    random     text          NOT NULL COLLATE "C",  -- 请求随机标识
    source     inet          NOT NULL,              -- the other end of the connection
    floor      timestamptz,                         -- what failed up to here counts no more: a right signature, an operator, the pause
    failures   timestamptz[] NOT NULL,              -- the latest wrong signatures in a row above the floor, the oldest first
    nonces     integer[]     NOT NULL,              -- of each failure: tells two of the same microsecond apart
    settled_at timestamptz   NOT NULL,              -- the later of floor and last failure
    version    bigint        NOT NULL,              -- of `marks_version`, at the row's last change
    PRIMARY KEY (appid, random, source),
    CHECK (cardinality(failures) = cardinality(nonces))
);
CREATE INDEX marks_version_at ON marks (version);
CREATE INDEX marks_settled ON marks (settled_at);

-- Counts the changes of `marks`. Whoever changes some takes the next number first and holds this row until the commit, so whoever
-- sees a number sees every change up to it.
CREATE TABLE marks_version (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint  NOT NULL
);
INSERT INTO marks_version (version) VALUES (0);
