-- :FAILURES open failures in an empty table, and a tenth as many resolved ones besides: of twenty children, 1,500 apps, ten datasets and
-- forty counties, in the last 30 days, one a good deal more often than another. Rows are as wide as those of single records.
-- Replaced before it is run: the word with a colon.

SELECT setseed(0.5);
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';

-- Indices are made anew from their definitions afterwards, which takes a tenth of the time.
CREATE TEMP TABLE definition AS
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS text FROM pg_index
    WHERE indrelid = 'failures'::regclass AND NOT indisprimary;
DO $$ DECLARE d record; BEGIN
    FOR d IN SELECT name FROM definition LOOP EXECUTE 'DROP INDEX ' || d.name; END LOOP;
END $$;

INSERT INTO failures (id, batch, step, reason, detail, state, attempts, round, first_at, last_at, next_at, appid, random, busicode,
                      action, region, records, accepted_at, routing_key, headers, body, past, link)
    SELECT gen_random_uuid(), gen_random_uuid(), 'persist',
           (ARRAY['MISSING_KEY', 'SIGN_MISMATCH', 'INVALID_RECORDS', 'AHEAD', 'KEY_MISMATCH'])[1 + floor(5 * d * d)::int],
           '改或删的记录从未新增（1 of 1 records were never added, first record 1 ' || i || ': send it as an add first）',
           CASE WHEN i > :FAILURES THEN 'resolved' WHEN c < 0.02 THEN 'retrying' WHEN c < 0.95 THEN 'parked' ELSE 'abandoned' END,
           3, 1 + floor(6 * c)::int, at, at + INTERVAL '12 s',
           CASE WHEN i <= :FAILURES AND c < 0.95 THEN now() + INTERVAL '1 day' END,
           'A' || lpad(floor(1500 * e ^ 2.5)::text, 5, '0'), md5('f' || i), 1 + floor(10 * e)::int, 2,
           370000 + 100 * (1 + floor(10 * e)::int) + 1 + floor(4 * d)::int, 1, at, '37.02.03.007.02',
           json_build_object('sesame-batch', gen_random_uuid(), 'sesame-origin', '370203', 'sesame-evidence', repeat('x', 200),
                             'sesame-sign', md5(i::text) || md5('s' || i)),
           decode(repeat(md5(i::text), 16), 'hex'),
           (SELECT jsonb_agg(jsonb_build_object('at', at, 'attempt', '1.' || n, 'reason', 'MISSING_KEY', 'detail', repeat('d', 80)))
            FROM generate_series(1, 3) n),
           'node-37' || lpad((1 + floor(20 * e))::int::text, 4, '0')
    FROM (SELECT i, now() - INTERVAL '30 days' * random() AS at, random() AS d, random() AS c, random() AS e
          FROM generate_series(1, :FAILURES + :FAILURES / 10) i) drawn;

DO $$ DECLARE d record; BEGIN
    FOR d IN SELECT text FROM definition LOOP EXECUTE d.text; END LOOP;
END $$;
DROP TABLE definition;
