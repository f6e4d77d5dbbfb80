-- Fills an empty schema with what a nation gathers in thirteen months: :BATCHES batches, :ENTRIES log entries, :RECORDS records and
-- :FAILURES failures. The table `place (n, region)` with the counties is there. Figures are drawn by one seed.
-- Replaced before it is run: the words with a colon.

SELECT setseed(0.5);
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
SET work_mem = '256MB';

-- Who sends from where: a few apps send much, most little; each at home in one county, entering at its province.
CREATE TABLE sender AS
    SELECT s.n, 'A' || lpad(s.n::text, 5, '0') AS appid, p.region, p.region / 10000 * 10000 AS origin
    FROM generate_series(0, 1499) AS s(n) JOIN place p ON p.n = s.n * 7 % (SELECT count(*) FROM place);
CREATE UNIQUE INDEX ON sender (n);
-- Of a hundred exchanges so many are of each dataset; 010 is rare, and 011 is asked for alone.
CREATE TABLE kind AS
    SELECT row_number() OVER () - 1 AS n, busicode FROM
    unnest(ARRAY[300, 250, 120, 100, 80, 60, 40, 30, 19, 1], ARRAY[4, 3, 5, 7, 1, 2, 6, 8, 9, 10]) AS k(weight, busicode),
    generate_series(1, k.weight);
CREATE UNIQUE INDEX ON kind (n);
ANALYZE sender, kind;

CREATE FUNCTION span(back integer, OUT first timestamptz, OUT last timestamptz) LANGUAGE sql STABLE AS $$
    SELECT (month - make_interval(months => back)) AT TIME ZONE INTERVAL '8 hours',
           least(now(), (month - make_interval(months => back - 1)) AT TIME ZONE INTERVAL '8 hours')
    FROM date_trunc('month', now() AT TIME ZONE INTERVAL '8 hours') AS month
$$;

-- Indices are made anew from their definitions afterwards, which takes a tenth of the time.
CREATE TABLE definition AS
    SELECT indexrelid::regclass::text AS name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') AS text FROM pg_index i JOIN pg_class c ON c.oid = indrelid
    WHERE c.relname IN ('batches', 'log', 'records') AND NOT indisprimary;
DO $$ DECLARE d record; BEGIN
    FOR d IN SELECT name FROM definition LOOP EXECUTE 'DROP INDEX ' || d.name; END LOOP;
END $$;
