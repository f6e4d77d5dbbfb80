//! Every metric of sesame, declared in one place: name, kind, unit, meaning. Labels are `busicode`, `action`, `result`,
//! `reason` and the like, never an appid or a random.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Exchanges answered. Labels: busicode, action, result (a refusal's code, or `accepted`).
pub const EXCHANGES: &str = "sesame_exchanges_total";
/// Records of accepted exchanges. Labels: busicode, action.
pub const RECORDS_ACCEPTED: &str = "sesame_records_accepted_total";
/// Bad records of refused exchanges. Label: busicode.
pub const RECORDS_REFUSED: &str = "sesame_records_refused_total";
/// Rules broken by accepted records that only warn. Label: busicode.
pub const RECORDS_WARNED: &str = "sesame_records_warned_total";
/// Bad records of batches whose good ones were applied. Label: busicode.
pub const RECORDS_UNAPPLIED: &str = "sesame_records_unapplied_total";
/// Looks at changed files of the data dictionary. Label: result (taken, refused).
pub const DICTIONARY_RELOADS: &str = "sesame_dictionary_reloads_total";
/// 1 while the files of the data dictionary cannot be used and the one before them stays in use, else 0.
pub const DICTIONARY_REFUSED: &str = "sesame_dictionary_refused";
/// The version of a dataset in use. Label: busicode.
pub const DATASET_VERSION: &str = "sesame_dataset_version";
/// From the first byte of a request to its answer. Label: action.
pub const EXCHANGE_SECONDS: &str = "sesame_exchange_seconds";
/// Length of requests' bodies.
pub const EXCHANGE_BYTES: &str = "sesame_exchange_bytes";
/// From publish to the broker's confirm; of an https link, to the parent's answer. Label: step (ingress, outbox, uplink).
pub const CONFIRM_SECONDS: &str = "sesame_publish_confirm_seconds";
/// Publishes that were not confirmed. Labels: step, reason.
pub const PUBLISH_FAILURES: &str = "sesame_publish_failures_total";
/// Batches in a parcel: small ones of one exchange and key that a broker has confirmed in one message.
pub const PARCEL_BATCHES: &str = "sesame_parcel_batches";
/// Memory lent to requests being worked on.
pub const BUDGET_USED: &str = "sesame_budget_used_bytes";
/// Batches committed. Labels: busicode, action.
pub const BATCHES_PERSISTED: &str = "sesame_batches_persisted_total";
/// Deliveries of batches committed before.
pub const BATCHES_REPEATED: &str = "sesame_batches_repeated_total";
/// Records of batches committed. Labels: busicode, action.
pub const RECORDS_PERSISTED: &str = "sesame_records_persisted_total";
/// Changes that were older than what was there. Label: busicode.
pub const RECORDS_STALE: &str = "sesame_records_stale_total";
/// Duration of a persist transaction.
pub const PERSIST_SECONDS: &str = "sesame_persist_transaction_seconds";
/// Batches in a persist transaction.
pub const PERSIST_BATCHES: &str = "sesame_persist_transaction_batches";
/// From acceptance at the entering node to the commit here.
pub const AGE_SECONDS: &str = "sesame_age_at_persist_seconds";
/// Messages ready in a queue. Label: queue.
pub const QUEUE_DEPTH: &str = "sesame_queue_depth";
/// Since the oldest message was accepted that waits in a queue or is in hand; while none is taken, since it was first seen
/// waiting. 0 while there is none. Label: queue.
pub const QUEUE_AGE: &str = "sesame_queue_oldest_age_seconds";
/// Batches committed and not yet published to the accepted exchange.
pub const OUTBOX_DEPTH: &str = "sesame_outbox_depth";
/// Failed attempts. Labels: step, reason.
pub const FAILED_ATTEMPTS: &str = "sesame_failed_attempts_total";
/// Failures as the store has them. Labels: step, reason, state.
pub const FAILURES: &str = "sesame_failures";
/// Failures whose round began anew after the pause of §7.4. Label: step.
pub const ROUNDS: &str = "sesame_failure_rounds_total";
/// Batches set aside in quarantine. Label: reason (delivered a third time: `deliveries`, `stalled`).
pub const QUARANTINED: &str = "sesame_quarantined_total";
/// Threads of this process that were given up, each over a batch whose reading does not end.
pub const STUCK_THREADS: &str = "sesame_stuck_threads";
/// Failures that operators had tried again.
pub const REPLAYS: &str = "sesame_replays_total";
/// Batches that the parent has taken.
pub const UPLINK_SENT: &str = "sesame_uplink_batches_total";
/// 1 while the link to the parent works, else 0.
pub const UPLINK_UP: &str = "sesame_uplink_up";
/// From acceptance at the entering node to the parent's confirm or answer.
pub const UPLINK_LAG: &str = "sesame_uplink_lag_seconds";
/// Verdicts on batches sent to children, those of the tiers above included.
pub const RECEIPTS_SENT: &str = "sesame_receipts_sent_total";
/// Verdicts not sent, for want of room or of a broker: the child asks again.
pub const RECEIPTS_DROPPED: &str = "sesame_receipts_dropped_total";
/// Verdicts of the tiers above that came from the parent.
pub const RECEIPTS_RECEIVED: &str = "sesame_receipts_received_total";
/// Receipts not believed. Label: reason (malformed, signature, foreign, `unknown_batch`).
pub const RECEIPTS_REFUSED: &str = "sesame_receipts_refused_total";
/// Unsettled batches asked for. Label: way (question, again: the batch itself was signed anew and sent again).
pub const RECEIPTS_ASKED: &str = "sesame_receipts_asked_total";
/// Batches sent up of which not every tier above has said that it has them; counted up to 100,000.
pub const UNSETTLED: &str = "sesame_batches_unsettled";
/// Questions of children that were not believed.
pub const QUESTIONS_REFUSED: &str = "sesame_receipt_questions_refused_total";
/// 1 while the node's broker can be published to, else 0.
pub const BROKER_UP: &str = "sesame_broker_up";
/// 1 while the node's store answers, else 0.
pub const STORE_UP: &str = "sesame_store_up";
/// This process's clock less the store's.
pub const CLOCK_OFFSET: &str = "sesame_clock_offset_seconds";
/// Log entries given up because the broker took none.
pub const LOG_LOST: &str = "sesame_log_entries_lost_total";
/// Months older than is kept that stay in the store. Label: reason (`no_archive`, held by what is open of them, failed).
pub const MONTHS_OVERDUE: &str = "sesame_store_months_overdue";
/// Months archived, or not wanted, and dropped.
pub const MONTHS_DROPPED: &str = "sesame_store_months_dropped_total";

/// Exchanges refused, and messages of links kept waiting, because more came than agreed. Labels: party (node, app, link), limit.
pub const LIMITED: &str = "sesame_limited_total";
/// Attempts to log in to the console. Label: result (welcome, wrong, held: not looked at after a wrong one, closed).
pub const CONSOLE_LOGINS: &str = "sesame_console_logins_total";
/// Transfers marked at this process's door (§7.4).
pub const TRANSFERS_MARKED: &str = "sesame_transfers_marked_total";
/// Transfers that are marked at this moment. Health and log name the apps.
pub const MARKED_TRANSFERS: &str = "sesame_marked_transfers";
/// Apps of the store. Label: state (usable, disabled, unreadable).
pub const APPS: &str = "sesame_apps";

/// When a certificate ends, or a revocation list is due, in seconds since 1970. Label: certificate.
pub const CERTIFICATE_EXPIRY: &str = "sesame_certificate_expiry_timestamp_seconds";
/// Changes of certificates' files. Labels: certificate, result (taken, refused).
pub const CERTIFICATE_RELOADS: &str = "sesame_certificate_reloads_total";
/// TLS handshakes that failed. Labels: listener, reason.
pub const HANDSHAKE_FAILURES: &str = "sesame_tls_handshake_failures_total";
/// Connections open. Label: listener.
pub const CONNECTIONS: &str = "sesame_connections";
/// Connections ended for another's sake: the limit was reached. Label: listener.
pub const CONNECTIONS_EVICTED: &str = "sesame_connections_evicted_total";
/// Connections the operating system would not give. Label: listener.
pub const ACCEPT_FAILURES: &str = "sesame_accept_failures_total";

/// Names of all metrics, for the test that holds dashboards and rules against them.
pub const ALL: [&str; 59] = [
    EXCHANGES,
    RECORDS_ACCEPTED,
    RECORDS_REFUSED,
    RECORDS_WARNED,
    RECORDS_UNAPPLIED,
    DICTIONARY_RELOADS,
    DICTIONARY_REFUSED,
    DATASET_VERSION,
    EXCHANGE_SECONDS,
    EXCHANGE_BYTES,
    CONFIRM_SECONDS,
    PUBLISH_FAILURES,
    PARCEL_BATCHES,
    BUDGET_USED,
    BATCHES_PERSISTED,
    BATCHES_REPEATED,
    RECORDS_PERSISTED,
    RECORDS_STALE,
    PERSIST_SECONDS,
    PERSIST_BATCHES,
    AGE_SECONDS,
    QUEUE_DEPTH,
    QUEUE_AGE,
    OUTBOX_DEPTH,
    FAILED_ATTEMPTS,
    FAILURES,
    ROUNDS,
    QUARANTINED,
    STUCK_THREADS,
    REPLAYS,
    UPLINK_SENT,
    UPLINK_UP,
    UPLINK_LAG,
    RECEIPTS_SENT,
    RECEIPTS_DROPPED,
    RECEIPTS_RECEIVED,
    RECEIPTS_REFUSED,
    RECEIPTS_ASKED,
    UNSETTLED,
    QUESTIONS_REFUSED,
    BROKER_UP,
    STORE_UP,
    CLOCK_OFFSET,
    LOG_LOST,
    MONTHS_OVERDUE,
    MONTHS_DROPPED,
    LIMITED,
    CONSOLE_LOGINS,
    TRANSFERS_MARKED,
    MARKED_TRANSFERS,
    APPS,
    CERTIFICATE_EXPIRY,
    CERTIFICATE_RELOADS,
    HANDSHAKE_FAILURES,
    CONNECTIONS,
    CONNECTIONS_EVICTED,
    ACCEPT_FAILURES,
    "sesame_build_info",
    "sesame_start_time_seconds",
];

const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 3600.0];
const SIZES: [f64; 8] = [1e3, 1e4, 1e5, 1e6, 2e6, 8e6, 16e6, 32e6];
const COUNTS: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0];

/// Installs the recorder of this process and returns what renders it in Prometheus' text format.
///
/// # Errors
/// When a recorder was installed before.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full(EXCHANGE_BYTES.to_owned()), &SIZES)?
        .set_buckets_for_metric(Matcher::Full(PERSIST_BATCHES.to_owned()), &COUNTS)?
        .set_buckets_for_metric(Matcher::Full(PARCEL_BATCHES.to_owned()), &COUNTS)?
        .install_recorder()?;
    describe();
    start_at_zero();
    Ok(handle)
}

fn describe() {
    describe_counter!(EXCHANGES, "Exchanges answered, by busicode, action and result");
    describe_counter!(RECORDS_ACCEPTED, "Records of accepted exchanges");
    describe_counter!(RECORDS_REFUSED, "Bad records of refused exchanges");
    describe_histogram!(EXCHANGE_SECONDS, Unit::Seconds, "From the first byte of a request to its answer");
    describe_histogram!(EXCHANGE_BYTES, Unit::Bytes, "Length of requests' bodies");
    describe_histogram!(CONFIRM_SECONDS, Unit::Seconds, "From publish to the broker's confirm, by step");
    describe_counter!(PUBLISH_FAILURES, "Publishes that were not confirmed, by step and reason");
    describe_histogram!(PARCEL_BATCHES, "Batches in a parcel: small ones that a broker has confirmed in one message");
    describe_gauge!(BUDGET_USED, Unit::Bytes, "Memory lent to requests being worked on");
    describe_counter!(BATCHES_PERSISTED, "Batches committed");
    describe_counter!(BATCHES_REPEATED, "Deliveries of batches committed before");
    describe_counter!(RECORDS_PERSISTED, "Records of batches committed");
    describe_counter!(RECORDS_STALE, "Changes that were older than what was there");
    describe_histogram!(PERSIST_SECONDS, Unit::Seconds, "Duration of a persist transaction");
    describe_histogram!(PERSIST_BATCHES, "Batches in a persist transaction");
    describe_histogram!(AGE_SECONDS, Unit::Seconds, "From acceptance at the entering node to the commit here");
    describe_gauge!(QUEUE_DEPTH, "Messages ready in a queue");
    describe_gauge!(QUEUE_AGE, Unit::Seconds, "Age of the oldest message that waits in a queue or is in hand");
    describe_gauge!(OUTBOX_DEPTH, "Batches committed and not yet published to the accepted exchange");
    describe_counter!(FAILED_ATTEMPTS, "Failed attempts, by step and reason");
    describe_gauge!(FAILURES, "Failures in the store, by step, reason and state");
    describe_counter!(ROUNDS, "Rounds of attempts begun anew after the pause of 7.4");
    describe_counter!(QUARANTINED, "Batches set aside in quarantine, by reason");
    describe_gauge!(STUCK_THREADS, "Threads given up, each over a batch whose reading does not end");
    describe_counter!(REPLAYS, "Failures that operators had tried again");
    describe_counter!(UPLINK_SENT, "Batches that the parent has taken");
    describe_gauge!(UPLINK_UP, "1 while the link to the parent works");
    describe_histogram!(UPLINK_LAG, Unit::Seconds, "From acceptance at the entering node to the parent's confirm");
    describe_counter!(RECEIPTS_SENT, "Verdicts on batches sent to children");
    describe_counter!(RECEIPTS_DROPPED, "Verdicts not sent, which the child asks for");
    describe_counter!(RECEIPTS_RECEIVED, "Verdicts of the tiers above that came from the parent");
    describe_counter!(RECEIPTS_REFUSED, "Receipts not believed, by reason");
    describe_counter!(RECEIPTS_ASKED, "Unsettled batches asked for, by way");
    describe_gauge!(UNSETTLED, "Batches sent up that are not settled at every tier above, up to 100,000");
    describe_counter!(QUESTIONS_REFUSED, "Questions of children for receipts that were not believed");
    describe_gauge!(BROKER_UP, "1 while the node's broker can be published to");
    describe_gauge!(STORE_UP, "1 while the node's store answers");
    describe_gauge!(CLOCK_OFFSET, Unit::Seconds, "This process's clock less the store's");
    describe_counter!(LOG_LOST, "Log entries given up because the broker took none");
    describe_gauge!(MONTHS_OVERDUE, "Months older than is kept that stay in the store, by reason");
    describe_counter!(MONTHS_DROPPED, "Months archived, or not wanted, and dropped");
    describe_counter!(LIMITED, "Exchanges refused and messages kept waiting by a limit, by party and limit");
    describe_counter!(CONSOLE_LOGINS, "Attempts to log in to the console, by result");
    describe_counter!(TRANSFERS_MARKED, "Transfers marked after wrong signatures in a row");
    describe_gauge!(MARKED_TRANSFERS, "Transfers that are marked at this moment");
    describe_gauge!(APPS, "Apps of the store, by state");
    describe_gauge!(CERTIFICATE_EXPIRY, Unit::Seconds, "When a certificate ends, since 1970");
    describe_counter!(CERTIFICATE_RELOADS, "Changes of certificates' files, taken or refused");
    describe_counter!(HANDSHAKE_FAILURES, "TLS handshakes that failed, by listener and reason");
    describe_gauge!(CONNECTIONS, "Connections open, by listener");
    describe_counter!(CONNECTIONS_EVICTED, "Connections ended because the limit was reached, by listener");
    describe_counter!(ACCEPT_FAILURES, "Connections the operating system would not give, by listener");
    describe_gauge!("sesame_build_info", "1, with the version as label");
    describe_gauge!("sesame_start_time_seconds", Unit::Seconds, "When this process started, since 1970");
}

/// A counter that appears with its first event hides that event from `rate()`.
fn start_at_zero() {
    let receipts = [RECEIPTS_SENT, RECEIPTS_DROPPED, RECEIPTS_RECEIVED, QUESTIONS_REFUSED];
    for name in [BATCHES_REPEATED, UPLINK_SENT, LOG_LOST, MONTHS_DROPPED, TRANSFERS_MARKED].into_iter().chain(receipts)
    {
        metrics::counter!(name).absolute(0);
    }
    for reason in ["malformed", "signature", "foreign", "unknown_batch"] {
        metrics::counter!(RECEIPTS_REFUSED, "reason" => reason).absolute(0);
    }
    for way in ["question", "again"] {
        metrics::counter!(RECEIPTS_ASKED, "way" => way).absolute(0);
    }
    for reason in ["deliveries", "stalled"] {
        metrics::counter!(QUARANTINED, "reason" => reason).absolute(0);
    }
    metrics::gauge!(STUCK_THREADS).set(0.0);
    for result in ["welcome", "wrong", "held", "closed"] {
        metrics::counter!(CONSOLE_LOGINS, "result" => result).absolute(0);
    }
    let limits = ["max_body_bytes", "max_records", "exchanges_per_second", "bytes_per_second", "max_concurrent"];
    for (party, limit) in limits.iter().flat_map(|limit| [("node", *limit), ("app", *limit)]).chain([("link", "pace")])
    {
        metrics::counter!(LIMITED, "party" => party, "limit" => limit).absolute(0);
    }
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    metrics::gauge!("sesame_start_time_seconds").set(now as f64);
    metrics::gauge!(UPLINK_UP).set(0.0);
    metrics::gauge!("sesame_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}
