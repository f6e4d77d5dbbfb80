-- Records, most of them loaded county by county as a first upload does, which is the worst order for pages of one region; then
-- whatever has changed since, everywhere.
INSERT INTO records (busicode, region, key, id, batch, applied_at, is_deleted, added, fields, first_batch, first_ordinal)
    SELECT k.busicode, p.region,
           p.region || lpad(i::text, 8, '0') || CASE WHEN k.busicode IN (2, 4, 5, 6, 8) THEN E'\x1fN' || lpad(i::text, 8, '0') ELSE '' END,
           i, gen_random_uuid(),
           CASE WHEN d < 0.7 THEN first + (last - first) * (p.n / places) ELSE first + (now() - first) * random() END,
           d BETWEEN 0.4 AND 0.42, '\x00',
           '{"XZQHDM":"' || p.region || '","SJGXSJ":"2025-06-01 08:00:00","BH":"' || i || '","MC":"' || repeat('示范设备', 20) || '"}',
           gen_random_uuid(), 0
    FROM (SELECT i, random() AS d, floor((SELECT count(*) FROM place) * random() ^ 1.5)::int AS place, floor(1000 * random())::int AS kind
          FROM generate_series(1, :RECORDS) i) drawn
    JOIN kind k ON k.n = drawn.kind JOIN place p ON p.n = drawn.place, span(12),
    (SELECT count(*)::float8 AS places FROM place) counted
    ORDER BY 6;
INSERT INTO senders SELECT DISTINCT origin, appid FROM sender;

INSERT INTO failures (id, batch, step, reason, detail, state, attempts, round, first_at, next_at, appid, random, busicode, action,
                      region, records, accepted_at, routing_key, headers, body)
    SELECT gen_random_uuid(), gen_random_uuid(), 'persist', 'MISSING_KEY', '1 records were never added', CASE WHEN d < 0.1 THEN 'retrying' WHEN d < 0.85 THEN 'parked'
           WHEN d < 0.9 THEN 'abandoned' ELSE 'resolved' END, 1, 1, at, now() + INTERVAL '1 day', s.appid, md5('f' || i), k.busicode, 2, s.region, 1, at, '37.02.03.004.02',
           ('{"sesame-origin":"' || lpad(s.origin::text, 6, '0') || '"}')::json, '\x00'
    FROM (SELECT i, now() - INTERVAL '380 days' * random() AS at, random() AS d, floor(1500 * random() ^ 2.5)::int AS sender,
                 floor(1000 * random())::int AS kind FROM generate_series(1, :FAILURES) i) drawn
    JOIN sender s ON s.n = drawn.sender JOIN kind k ON k.n = drawn.kind;

DO $$ DECLARE d record; BEGIN
    FOR d IN SELECT text FROM definition LOOP EXECUTE d.text; END LOOP;
END $$;
