-- The change that made a record stands in its row, and only later ones are rows of `changes`: most records are added once
-- and never changed. Fields become text, which PostgreSQL need not parse: only sesame writes them, and it writes JSON.
ALTER TABLE records
    ADD COLUMN first_batch   uuid,
    ADD COLUMN first_ordinal integer,
    ALTER COLUMN fields TYPE text;

CREATE TEMP TABLE first_changes ON COMMIT DROP AS
    SELECT DISTINCT ON (record) record, batch, ordinal, ctid AS place FROM changes ORDER BY record, ctid;
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
