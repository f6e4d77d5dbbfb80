//! Every documented condition (docs/interface.md, sections 11 and 12), alone and as people put them together; first pages, and
//! pages somewhere in the thirteen months.

use super::ask::Ask;
use super::draw::Draw;
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::moment::Moment;
use sesame::standard::region::Region;
use sesame::store::{BatchState, LogFilter, RecordFilter};
use uuid::Uuid;

/// A query to be asked with other values each time.
pub struct Case {
    /// What is asked.
    pub name: &'static str,
    /// Draws the values.
    pub ask: fn(&mut Draw) -> Ask,
}

const DAY_MICROS: i64 = 86_400_000_000;
const CITY: u32 = 100;
const PROVINCE: u32 = 10_000;

/// All of them.
pub fn all() -> Vec<Case> {
    let mut cases = log();
    cases.extend(log_together());
    cases.extend(records());
    cases
}

/// A page of the log by one condition.
fn log() -> Vec<Case> {
    macro_rules! cases {
        ($($name:literal => |$draw:ident| $filter:expr),* $(,)?) => {
            vec![$(Case { name: $name, ask: |$draw| Ask::Log(Box::new($filter)) }),*]
        };
    }
    cases![
        "log" => |_draw| page(),
        "log AFTER" => |draw| after(draw, page()),
        "log SIZE=2000 AFTER" => |draw| LogFilter { size: 2_000, ..after(draw, page()) },
        "log FROM" => |draw| LogFilter { from: Some(draw.moment()), ..page() },
        "log UNTIL" => |draw| LogFilter { until: Some(draw.moment()), ..page() },
        "log FROM UNTIL, a day" => |draw| day(draw, page()),
        "log APPID" => |draw| of_app(draw),
        "log APPID AFTER" => |draw| after(draw, of_app(draw)),
        "log BUSICODE" => |draw| of_code(draw),
        "log BUSICODE AFTER" => |draw| after(draw, of_code(draw)),
        "log BUSICODE=010, rare" => |_draw| code(10),
        "log BUSICODE=011, none" => |_draw| code(11),
        "log ACTION" => |draw| of_action(draw),
        "log ACTION AFTER" => |draw| after(draw, of_action(draw)),
        "log REGION, a county" => |draw| LogFilter { region: Some(draw.county()), ..page() },
        "log REGION, a county AFTER" => |draw| after(draw, LogFilter { region: Some(draw.county()), ..page() }),
        "log REGION, a city" => |draw| LogFilter { region: Some(draw.above(CITY)), ..page() },
        "log REGION, a city AFTER" => |draw| after(draw, LogFilter { region: Some(draw.above(CITY)), ..page() }),
        "log REGION, a province" => |draw| LogFilter { region: Some(draw.above(PROVINCE)), ..page() },
        "log REGION, a province AFTER" => |draw| after(draw, LogFilter { region: Some(draw.above(PROVINCE)), ..page() }),
        "log RANDOM of a batch" => |draw| LogFilter { random: Some(draw.batch().1), ..page() },
        "log RANDOM of a query or refusal" => |draw| LogFilter { random: Some(draw.random()), ..page() },
        "log RANDOM, none" => |_draw| LogFilter { random: Some(Uuid::new_v4().to_string()), ..page() },
        "log BATCH" => |draw| LogFilter { batch: Some(draw.batch().2), ..page() },
        "log RESULT=0000" => |_draw| result(false),
        "log RESULT=0000 AFTER" => |draw| after(draw, result(false)),
        "log RESULT=0001" => |_draw| result(true),
        "log RESULT=0001 AFTER" => |draw| after(draw, result(true)),
        "log STATE=persisted" => |_draw| state(BatchState::Persisted),
        "log STATE=persisted AFTER" => |draw| after(draw, state(BatchState::Persisted)),
        "log STATE=failed" => |_draw| state(BatchState::Failed),
        "log STATE=parked AFTER" => |draw| after(draw, state(BatchState::Parked)),
        "log STATE=abandoned" => |_draw| state(BatchState::Abandoned),
        "log STATE=resolved" => |_draw| state(BatchState::Resolved),
        "log STATE=resolved AFTER" => |draw| after(draw, state(BatchState::Resolved)),
    ]
}

/// A page of the log by several conditions.
fn log_together() -> Vec<Case> {
    macro_rules! cases {
        ($($name:literal => |$draw:ident| $filter:expr),* $(,)?) => {
            vec![$(Case { name: $name, ask: |$draw| Ask::Log(Box::new($filter)) }),*]
        };
    }
    cases![
        "log APPID FROM UNTIL" => |draw| day(draw, of_app(draw)),
        "log APPID RESULT=0000" => |draw| LogFilter { success: Some(false), ..of_app(draw) },
        "log APPID STATE=persisted" => |draw| LogFilter { state: Some(BatchState::Persisted), ..of_app(draw) },
        "log APPID STATE=resolved" => |draw| LogFilter { state: Some(BatchState::Resolved), ..of_app(draw) },
        "log APPID STATE=parked" => |draw| LogFilter { state: Some(BatchState::Parked), ..of_app(draw) },
        "log APPID BUSICODE" => |draw| LogFilter { busicodes: of_code(draw).busicodes, ..of_app(draw) },
        "log APPID BUSICODE ACTION AFTER" => |draw| after(draw, LogFilter {
            busicodes: of_code(draw).busicodes, action: of_action(draw).action, ..of_app(draw)
        }),
        "log APPID ACTION=03" => |draw| LogFilter { action: Some(Action::Delete), ..of_app(draw) },
        "log APPID RANDOM" => |draw| { let (appid, random, _) = draw.batch();
            LogFilter { appid: Some(appid), random: Some(random), ..page() } },
        "log BUSICODE ACTION" => |draw| LogFilter { action: of_action(draw).action, ..of_code(draw) },
        "log BUSICODE=010 ACTION=03" => |_draw| LogFilter { action: Some(Action::Delete), ..code(10) },
        "log BUSICODE RESULT=0000" => |draw| LogFilter { success: Some(false), ..of_code(draw) },
        "log BUSICODE STATE=resolved" => |draw| LogFilter { state: Some(BatchState::Resolved), ..of_code(draw) },
        "log REGION BUSICODE, a county" => |draw| LogFilter { region: Some(draw.county()), ..of_code(draw) },
        "log REGION BUSICODE, a province" => |draw| LogFilter { region: Some(draw.above(PROVINCE)), ..of_code(draw) },
        "log REGION ACTION, a city" => |draw| LogFilter { region: Some(draw.above(CITY)), ..of_write(draw) },
        "log REGION FROM UNTIL, a city" => |draw| day(draw, LogFilter { region: Some(draw.above(CITY)), ..page() }),
        "log REGION STATE=parked, a province" => |draw| LogFilter {
            region: Some(draw.above(PROVINCE)), ..state(BatchState::Parked)
        },
        "log REGION BUSICODE ACTION, a city" => |draw| LogFilter {
            region: Some(draw.above(CITY)), action: of_write(draw).action, ..of_code(draw)
        },
        "log REGION BUSICODE=010 ACTION=03, a province" => |draw| LogFilter {
            region: Some(draw.above(PROVINCE)), action: Some(Action::Delete), ..code(10)
        },
        "log REGION ACTION, a province AFTER" => |draw| after(draw, LogFilter {
            region: Some(draw.above(PROVINCE)), ..of_write(draw)
        }),
        "log APPID REGION, a county" => |draw| LogFilter { region: Some(draw.county()), ..of_app(draw) },
        "log APPID, the largest, REGION, a county" => |draw| LogFilter { region: Some(draw.county()), ..largest() },
        "log APPID, the largest, BUSICODE=010 ACTION=03" => |_draw| LogFilter {
            busicodes: code(10).busicodes, action: Some(Action::Delete), ..largest()
        },
        "log of an app by itself" => |draw| { let (origin, appid) = draw.sender();
            LogFilter { appid: Some(appid), entered_at: Some(origin), ..page() } },
        "log RESULT=0000 FROM UNTIL" => |draw| day(draw, result(false)),
    ]
}

/// A page of records.
fn records() -> Vec<Case> {
    macro_rules! cases {
        ($($name:literal => |$draw:ident| $filter:expr),* $(,)?) => {
            vec![$(Case { name: $name, ask: |$draw| Ask::Records(Box::new($filter)) }),*]
        };
    }
    cases![
        "records, key" => |draw| keyed(draw.key(), |_, _| true),
        "records, first part of the key" => |draw| keyed(draw.double_key(), |at, _| at == 0),
        "records, second part of the key" => |draw| keyed(draw.double_key(), |at, _| at == 1),
        "records" => |draw| of_dataset(draw),
        "records AFTER" => |draw| later(draw, of_dataset(draw)),
        "records SINCE UNTIL, a day" => |draw| { let from = draw.moment(); RecordFilter {
            since: Some(from), until: Some(from.plus_micros(DAY_MICROS)), ..of_dataset(draw)
        } },
        "records DELETED AFTER" => |draw| RecordFilter { deleted: true, ..later(draw, of_dataset(draw)) },
        "records REGION, a county" => |draw| RecordFilter { region: draw.county(), ..of_dataset(draw) },
        "records REGION, a county AFTER" => |draw| later(draw, RecordFilter { region: draw.county(), ..of_dataset(draw) }),
        "records REGION, a city" => |draw| RecordFilter { region: draw.above(CITY), ..of_dataset(draw) },
        "records REGION, a city AFTER" => |draw| later(draw, RecordFilter { region: draw.above(CITY), ..of_dataset(draw) }),
        "records REGION, a province" => |draw| RecordFilter { region: draw.above(PROVINCE), ..of_dataset(draw) },
        "records REGION, a province AFTER" => |draw| later(draw, RecordFilter {
            region: draw.above(PROVINCE), ..of_dataset(draw)
        }),
        "records REGION SINCE, a province" => |draw| RecordFilter {
            region: draw.above(PROVINCE), since: Some(draw.moment()), ..of_dataset(draw)
        },
        "records REGION SIZE=2000, a city" => |draw| RecordFilter {
            region: draw.above(CITY), size: 2_000, ..of_dataset(draw)
        },
        "records of an app with three counties" => |draw| RecordFilter {
            granted: vec![draw.county(), draw.county(), draw.county()], ..of_dataset(draw)
        },
    ]
}

fn page() -> LogFilter {
    LogFilter { size: 100, ..LogFilter::default() }
}

fn after(draw: &Draw, filter: LogFilter) -> LogFilter {
    LogFilter { after: Some((draw.moment(), Uuid::nil())), ..filter }
}

fn day(draw: &Draw, filter: LogFilter) -> LogFilter {
    let from: Moment = draw.moment();
    LogFilter { from: Some(from), until: Some(from.plus_micros(DAY_MICROS)), ..filter }
}

fn of_app(draw: &Draw) -> LogFilter {
    LogFilter { appid: Some(draw.appid()), ..page() }
}

/// Of the app that has sent most: the first.
fn largest() -> LogFilter {
    LogFilter { appid: Some("A00000".to_owned()), ..page() }
}

fn code(number: usize) -> LogFilter {
    LogFilter { busicodes: vec![format!("{number:03}")], ..page() }
}

fn of_code(draw: &Draw) -> LogFilter {
    code(1 + draw.number(10))
}

fn of_action(draw: &Draw) -> LogFilter {
    LogFilter { action: Some(Action::ALL[draw.number(4)]), ..page() }
}

/// Of an action that has a region: a query has none.
fn of_write(draw: &Draw) -> LogFilter {
    let writes: Vec<Action> = Action::ALL.into_iter().filter(|action| action.is_write()).collect();
    LogFilter { action: Some(writes[draw.number(writes.len())]), ..page() }
}

fn result(success: bool) -> LogFilter {
    LogFilter { success: Some(success), ..page() }
}

fn state(state: BatchState) -> LogFilter {
    LogFilter { state: Some(state), ..page() }
}

fn dataset(number: i16) -> RecordFilter {
    RecordFilter {
        busicode: BusinessCode::from_number(number as u16).expect("a number of a dataset"),
        key: vec![None; if matches!(number, 2 | 4 | 5 | 6 | 8) { 2 } else { 1 }],
        region: Region::NATION,
        granted: vec![Region::NATION],
        since: None,
        until: None,
        deleted: false,
        size: 100,
        after: None,
    }
}

fn of_dataset(draw: &Draw) -> RecordFilter {
    dataset(1 + draw.number(10) as i16)
}

fn later(draw: &Draw, filter: RecordFilter) -> RecordFilter {
    RecordFilter { after: Some((draw.moment(), 0)), ..filter }
}

fn keyed((number, key): (i16, String), given: fn(usize, &str) -> bool) -> RecordFilter {
    let parts = key.split('\u{1f}').enumerate();
    let key = parts.map(|(at, part)| given(at, part).then(|| part.to_owned())).collect();
    RecordFilter { key, ..dataset(number) }
}
