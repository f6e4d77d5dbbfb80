-- One month, `:BACK` months ago, with its part of everything. Thirteen parts, of which this is one.
SELECT make_month(((first AT TIME ZONE INTERVAL '8 hours'))::date) FROM span(:BACK);

CREATE TEMP TABLE batch AS
    SELECT gen_random_uuid() AS id, s.origin, s.appid, md5(i::text || ':BACK') AS random, k.busicode::smallint AS busicode,
           (CASE WHEN d < 0.8 THEN 1 WHEN d < 0.97 THEN 2 ELSE 3 END)::smallint AS action,
           (CASE WHEN c < 0.9 THEN s.region WHEN c < 0.98 THEN s.region / 100 * 100 ELSE s.region / 10000 * 10000 END) AS region,
           at - CASE WHEN c < 0.01 THEN c * INTERVAL '300 days' ELSE c * INTERVAL '300 ms' END AS accepted_at, at, c, s.region AS home
    FROM (SELECT i, first + (last - first) * (i::float8 / (:BATCHES / 13)) AS at, random() AS d, random() AS c,
                 floor(1500 * random() ^ 2.5)::int AS sender, floor(1000 * random())::int AS kind
          FROM span(:BACK), generate_series(0, :BATCHES / 13 - 1) i) drawn
    JOIN sender s ON s.n = drawn.sender JOIN kind k ON k.n = drawn.kind;
INSERT INTO once (id, digest, at) SELECT id, '\x00', at FROM batch ORDER BY id;
INSERT INTO batches (id, origin, appid, random, busicode, action, region, records, stale, bytes, digest, accepted_at, home,
                     persisted_at, trace, evidence, body, resolved, dataset_version)
    SELECT id, origin, appid, random, busicode, action, region, 1 + (c * 100)::int, (c > 0.99)::int, 900, '\x00', accepted_at, home, at,
           ('[{"region":"' || lpad(origin::text, 6, '0') || '","at":"' || to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS') || '.000000Z"}]')::json,
           ('{"appid":"' || appid || '","random":"' || random || '","sign":"' || random || '","profile":"digest","form":{},"millis":12}')::json,
           '\x00', c BETWEEN 0.5 AND 0.5005, '1'
    FROM batch ORDER BY at;
DROP TABLE batch;

-- Three quarters are queries, a quarter refusals; a few are of nobody's app.
INSERT INTO log (id, at, appid, busicode, action, random, records, bytes, code, message, millis)
    SELECT gen_random_uuid(), at, s.appid, CASE WHEN d < 0.2 THEN '000' ELSE lpad(k.busicode::text, 3, '0') END,
           CASE WHEN d < 0.75 THEN '04' WHEN d < 0.751 THEN '01' WHEN d < 0.99 THEN '01' ELSE '02' END,
           md5(i::text || 'e:BACK'), 100, 400,
           CASE WHEN d < 0.751 THEN '' WHEN c < 0.6 THEN 'INVALID_RECORDS' WHEN c < 0.95 THEN 'SIGN_MISMATCH' ELSE 'UNAVAILABLE' END,
           '本页100条', 7
    FROM (SELECT i, first + (last - first) * (i::float8 / (:ENTRIES / 13)) AS at, random() AS d, random() AS c,
                 floor(1500 * random() ^ 2.5)::int AS sender, floor(1000 * random())::int AS kind
          FROM span(:BACK), generate_series(0, :ENTRIES / 13 - 1) i) drawn
    JOIN sender s ON s.n = drawn.sender JOIN kind k ON k.n = drawn.kind;
