//! Every condition of a log query against all rows looked at one by one: whatever index answers, nothing is missing and nothing
//! too much, on the first page and on those after it.

use crate::harness::database;
use sesame::standard::code::Action;
use sesame::standard::moment::Moment;
use sesame::standard::region::Region;
use sesame::store::{BatchState, LogFilter, LogRow, Purpose, Store};
use std::collections::BTreeSet;
use time::OffsetDateTime;
use tokio_postgres::NoTls;
use uuid::Uuid;

/// Four months of two apps of the same name at two nodes and one more; many rows of one moment; a dataset and an action that
/// only batches have, and ones that only refusals have; failures in every state.
const FILL: &str = "
    SELECT make_month((now() - INTERVAL '1 month' * n)::date) FROM generate_series(0, 4) n;
    CREATE TABLE drawn AS SELECT i, gen_random_uuid() AS id, (ARRAY[370203, 370200])[1 + i % 2] AS origin,
        (ARRAY['a', 'b', 'c'])[1 + i % 3] AS appid, (ARRAY[1, 3, 7])[1 + i % 3] AS busicode, 1 + i % 3 AS action,
        (ARRAY[370203, 370202, 370200, 320106, 370601 + i % 23])[1 + i % 5] AS region,
        date_trunc('minute', now()) - (i / 4) * INTERVAL '6 hours' AS at FROM generate_series(1, 400) i;
    INSERT INTO once SELECT id, '', at FROM drawn;
    INSERT INTO batches (id, origin, appid, random, busicode, action, region, records, bytes, digest, accepted_at, home, persisted_at,
                         trace, evidence, body, resolved, dataset_version)
        SELECT id, origin, appid, 'r' || i % 50, busicode, action, region, 1, 2, '', at - (i % 7) * INTERVAL '1 day', 370203, at, '[]',
               '{}', '', i % 9 = 0, '1' FROM drawn;
    INSERT INTO senders SELECT DISTINCT origin, appid FROM batches;
    INSERT INTO log (id, at, appid, busicode, action, random, records, bytes, code, message, millis)
        SELECT gen_random_uuid(), at, appid, CASE WHEN i % 5 = 0 THEN '000' WHEN i % 11 = 0 THEN 'nonsense' ELSE '003' END,
               CASE WHEN i % 3 > 0 THEN '04' WHEN i % 7 = 0 THEN 'what' ELSE '01' END, 'r' || i % 50, 1, 2,
               CASE WHEN i % 3 > 0 AND i % 11 > 0 THEN '' ELSE 'MALFORMED' END, '', 3 FROM drawn;
    INSERT INTO failures (id, batch, step, reason, detail, state, attempts, round, first_at, appid, random, busicode, action, region,
                          accepted_at, routing_key, headers, body)
        SELECT gen_random_uuid(), id, 'persist', 'X', '', (ARRAY['retrying', 'parked', 'resolved', 'abandoned', 'discarded'])[1 + i % 5], 1, 1, at, appid, 'f' || i,
               busicode, action, region, CASE WHEN i % 4 > 0 THEN at END, '', json_build_object('sesame-origin', origin::text), ''
        FROM drawn WHERE i % 6 < 4;
    INSERT INTO failures (id, step, reason, detail, state, attempts, round, first_at, routing_key, headers, body)
        SELECT gen_random_uuid(), 'persist', 'MALFORMED', '', 'parked', 1, 1, now(), '', '{}', '' FROM generate_series(1, 5)";

/// Every row there is, as `read_log` shows it; and where it entered.
const ALL: &str = "
    SELECT id, accepted_at AS at, appid, lpad(busicode::text, 3, '0') AS busicode, lpad(action::text, 2, '0') AS action, region, random,
           id AS batch, true AS success, CASE WHEN resolved THEN 'resolved' ELSE 'persisted' END AS state, origin FROM batches
    UNION ALL SELECT id, coalesce(accepted_at, first_at), coalesce(appid, ''), coalesce(lpad(busicode::text, 3, '0'), ''),
           coalesce(lpad(action::text, 2, '0'), ''), region, coalesce(random, ''), batch, true,
           CASE state WHEN 'retrying' THEN 'failed' WHEN 'parked' THEN 'parked' ELSE 'abandoned' END, (headers->>'sesame-origin')::int
           FROM failures WHERE state <> 'resolved'
    UNION ALL SELECT id, at, appid, busicode, action, NULL, random, NULL, code = '', '', NULL FROM log";

struct Known {
    id: Uuid,
    at: Moment,
    appid: String,
    busicode: String,
    action: String,
    region: Option<i32>,
    random: String,
    batch: Option<Uuid>,
    success: bool,
    state: String,
    origin: Option<i32>,
}

impl Known {
    fn fits(&self, filter: &LogFilter) -> bool {
        let within = |region: Region, number: i32| {
            let (first, last) = region.span();
            (first as i32..=last as i32).contains(&number)
        };
        filter.from.is_none_or(|from| self.at >= from)
            && filter.until.is_none_or(|until| self.at < until)
            && filter.appid.as_ref().is_none_or(|appid| *appid == self.appid)
            && filter.entered_at.is_none_or(|node| self.origin.is_none_or(|origin| origin == node.number() as i32))
            && filter.busicodes.iter().all(|busicode| *busicode == self.busicode)
            && filter.action.is_none_or(|action| action.code() == self.action)
            && filter.region.is_none_or(|region| self.region.is_some_and(|number| within(region, number)))
            && filter.random.as_ref().is_none_or(|random| *random == self.random)
            && filter.batch.is_none_or(|batch| self.batch == Some(batch))
            && filter.success.is_none_or(|success| success == self.success)
            && filter.state.is_none_or(|state| state.as_str() == self.state)
    }
}

/// All pages, one after another.
async fn walk(store: &Store, filter: &LogFilter, size: u32) -> Vec<LogRow> {
    let (mut filter, mut met) = (LogFilter { size, ..filter.clone() }, Vec::new());
    loop {
        let (rows, more) = store.read_log(&filter).await.unwrap_or_else(|error| panic!("{error}: {filter:?}"));
        assert!(rows.len() <= size as usize && (!more || rows.len() == size as usize), "{filter:?}");
        filter.after = rows.last().map(|row| (row.at, row.id));
        met.extend(rows);
        if !more {
            return met;
        }
    }
}

/// One filter for each choice of conditions: all pairs of them, and some more.
fn filters(batch: Uuid, middle: Moment) -> Vec<LogFilter> {
    type Set = fn(&mut LogFilter, Uuid, Moment);
    let sets: [Set; 22] = [
        |_, _, _| {},
        |f, _, at| f.from = Some(at),
        |f, _, at| f.until = Some(at),
        |f, _, _| f.appid = Some("a".to_owned()),
        |f, _, _| f.appid = Some("nobody".to_owned()),
        |f, _, _| (f.appid, f.entered_at) = (Some("b".to_owned()), Region::from_number(370_203)),
        |f, _, _| f.busicodes.push("003".to_owned()),
        |f, _, _| f.busicodes.push("007".to_owned()),
        |f, _, _| f.busicodes.push("011".to_owned()),
        |f, _, _| f.action = Some(Action::Add),
        |f, _, _| f.action = Some(Action::Delete),
        |f, _, _| f.action = Some(Action::Query),
        |f, _, _| f.region = Region::from_number(370_203),
        |f, _, _| f.region = Region::from_number(370_200),
        |f, _, _| f.region = Some(Region::NATION),
        |f, _, _| f.random = Some("r7".to_owned()),
        |f, id, _| f.batch = Some(id),
        |f, _, _| f.success = Some(true),
        |f, _, _| f.success = Some(false),
        |f, _, _| f.state = Some(BatchState::Persisted),
        |f, _, _| f.state = Some(BatchState::Resolved),
        |f, _, _| f.state = Some(BatchState::Parked),
    ];
    let mut filters = Vec::new();
    for (at, first) in sets.iter().enumerate() {
        for second in &sets[at..] {
            let mut filter = LogFilter::default();
            first(&mut filter, batch, middle);
            second(&mut filter, batch, middle);
            filters.push(filter);
        }
    }
    let (city, province) = (Region::from_number(370_200), Region::from_number(370_000));
    let deletes = LogFilter { busicodes: vec!["007".to_owned()], action: Some(Action::Delete), ..LogFilter::default() };
    filters.push(LogFilter { region: city, ..deletes.clone() });
    filters.push(LogFilter { region: province, ..deletes.clone() });
    filters.push(LogFilter { region: province, state: Some(BatchState::Persisted), ..deletes.clone() });
    filters.push(LogFilter { region: city, appid: Some("c".to_owned()), ..deletes.clone() });
    filters.push(LogFilter { appid: Some("c".to_owned()), ..deletes });
    let three = LogFilter { action: Some(Action::Add), success: Some(false), ..LogFilter::default() };
    filters.push(LogFilter { busicodes: vec!["003".to_owned()], ..three.clone() });
    filters.push(LogFilter { appid: Some("a".to_owned()), until: Some(middle), ..three });
    filters.push(LogFilter {
        state: Some(BatchState::Failed),
        region: Region::from_number(370_000),
        ..LogFilter::default()
    });
    // More streams than are sifted at one look.
    filters.push(LogFilter { region: province, action: Some(Action::Modify), ..LogFilter::default() });
    filters.push(LogFilter { state: Some(BatchState::Abandoned), ..LogFilter::default() });
    filters.push(LogFilter { state: Some(BatchState::Accepted), ..LogFilter::default() });
    filters
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_6_1_every_condition_alone_and_with_every_other_finds_what_it_says_on_pages_of_any_size() {
    let uri = database().await;
    let store = Store::new(&uri, 2, Purpose::Serve).unwrap();
    store.migrate().await.unwrap();
    let (client, connection) = tokio_postgres::connect(&uri, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(FILL).await.unwrap();
    let rows = client.query(ALL, &[]).await.unwrap();
    let known: Vec<Known> = rows
        .iter()
        .map(|row| Known {
            id: row.get(0),
            at: row.get::<_, OffsetDateTime>(1).into(),
            appid: row.get(2),
            busicode: row.get(3),
            action: row.get(4),
            region: row.get(5),
            random: row.get(6),
            batch: row.get(7),
            success: row.get(8),
            state: row.get(9),
            origin: row.get(10),
        })
        .collect();
    assert!(known.len() > 900, "{}", known.len());
    let batch = known.iter().find_map(|row| row.batch.filter(|_| row.random == "r7")).unwrap();
    let mut times: Vec<Moment> = known.iter().map(|row| row.at).collect();
    times.sort_unstable();
    // Not every random is one of a real batch: the ids of these were not made of it.
    let of_random: Vec<Uuid> = known.iter().filter(|row| row.random == "r7").filter_map(|row| row.batch).collect();
    let mut hits = 0;
    for filter in filters(batch, times[times.len() / 2]) {
        let filter = LogFilter { of_random: of_random.clone(), ..filter };
        let mut expected: Vec<(Moment, Uuid)> =
            known.iter().filter(|row| row.fits(&filter)).map(|row| (row.at, row.id)).collect();
        expected.sort_unstable();
        hits += usize::from(!expected.is_empty());
        for size in [100, 37, 400, 2_000] {
            let found: Vec<(Moment, Uuid)> =
                walk(&store, &filter, size).await.iter().map(|row| (row.at, row.id)).collect();
            let (missing, surplus) = differ(&expected, &found);
            assert!(expected == found, "{missing} missing, {surplus} too much, pages of {size}: {filter:?}");
        }
    }
    assert!(hits > 100, "hardly a filter finds anything: {hits}");
}

fn differ(expected: &[(Moment, Uuid)], found: &[(Moment, Uuid)]) -> (usize, usize) {
    let [expected, found] = [expected, found].map(|rows| rows.iter().copied().collect::<BTreeSet<_>>());
    (expected.difference(&found).count(), found.difference(&expected).count())
}
