-- The change that made a record stands in its row, and only later ones are rows of `changes`: most records are added once
-- and never changed. Fields become text, which PostgreSQL need not parse: only sesame writes them, and it writes JSON.
ALTER TABLE records
    ADD COLUMN first_batch   uuid,
    ADD COLUMN first_ordinal integer,
    ALTER COLUMN fields TYPE text;

-- Whichever change is taken for the first: history is all of them, and their versions tell their order.
CREATE TEMP TABLE first_changes AS
    SELECT DISTINCT ON (c.record) c.record, c.batch, c.ordinal, c.ctid AS place
    FROM changes c JOIN records r ON r.id = c.record ORDER BY c.record, c.ctid;
UPDATE records r SET first_batch = f.batch, first_ordinal = f.ordinal FROM first_changes f WHERE f.record = r.id;
DELETE FROM changes c USING first_changes f WHERE c.ctid = f.place;
DROP TABLE first_changes;

ALTER TABLE records
    ALTER COLUMN first_batch   SET NOT NULL,
    ALTER COLUMN first_ordinal SET NOT NULL;

-- Every change ever merged.
CREATE VIEW history AS
    SELECT id AS record, first_batch AS batch, first_ordinal AS ordinal FROM records
    UNION ALL
    SELECT record, batch, ordinal FROM changes;
