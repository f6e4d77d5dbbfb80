//! The pure functions on the hot path, each on a batch of 2,000 records (§6.4): `cargo bench --bench micro`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sesame::batch::{Against, Stamp, check_records, read_changes};
use sesame::dataset::{Checker, Dataset, Dictionary, UnknownFields};
use sesame::generate::{World, write_array};
use sesame::record::{Change, State};
use sesame::standard::busilist::Array;
use sesame::standard::cipher::{Cipher, Key, Software};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::envelope::{Busilist, Envelope};
use sesame::standard::moment::Moment;
use sesame::standard::random::Random;
use sesame::standard::region::{Region, RegionTable};
use sesame::standard::sign::{Profile, Signer};
use std::hint::black_box;
use uuid::Uuid;

const RECORDS: u32 = 2_000;

/// A batch, and what is needed to work on it.
struct Batch {
    dictionary: Dictionary,
    code: BusinessCode,
    busilist: String,
    body: String,
    key: Key,
    stamp: Stamp,
}

impl Batch {
    fn new() -> Self {
        let (region, code) = (Region::parse("370203").unwrap(), BusinessCode::parse("007").unwrap());
        let world = World::new(1, region, &RegionTable::builtin()).unwrap();
        let busilist = write_array(world.records(code, RECORDS).unwrap());
        let key = Key::parse("0123456789abcdeffedcba9876543210").unwrap();
        let envelope = Envelope {
            appid: "bench".into(),
            busicode: "007".into(),
            action: Action::Add.code().into(),
            busilist: Busilist::Array(Array::known(&busilist)),
            random: Random::from(Uuid::nil()),
            sign: "".into(),
        };
        let signer = Signer { cipher: &Software, profile: Profile::Digest, key: &key };
        let body = envelope.signed(signer).write();
        let accepted = Moment::parse_civil("2026-01-01 00:00:00").unwrap();
        let stamp = Stamp { batch: Uuid::nil(), accepted, home: region, latest: accepted };
        Self { dictionary: Dictionary::builtin(), code, busilist, body, key, stamp }
    }

    fn dataset(&self) -> &Dataset {
        self.dictionary.get(self.code).unwrap()
    }

    fn changes(&self) -> Vec<Change> {
        read_changes(self.dataset(), Action::Add, Array::known(&self.busilist), &[], &self.stamp, Against::Merging)
            .unwrap()
            .good
    }
}

fn standard(criterion: &mut Criterion) {
    let batch = Batch::new();
    let mut group = criterion.benchmark_group("standard");
    group.throughput(Throughput::Bytes(batch.body.len() as u64));
    group.bench_function("envelope", |b| b.iter(|| Envelope::read(black_box(batch.body.as_bytes())).unwrap()));
    let records = Array::read(&batch.busilist).unwrap();
    group.bench_function("split", |b| b.iter(|| black_box(records).elements().count()));
    group.bench_function("shape", |b| {
        b.iter(|| black_box(records).objects().map(|object| object.unwrap().members().count()).sum::<usize>());
    });
    let signer = Signer { cipher: &Software, profile: Profile::Digest, key: &batch.key };
    let envelope = Envelope::read(batch.body.as_bytes()).unwrap();
    group.bench_function("verify", |b| b.iter(|| signer.verify(&envelope.canonical(), &envelope.sign)));
    group.bench_function("sm3", |b| b.iter(|| Software.sm3(&[black_box(batch.busilist.as_bytes())])));
    group.finish();
}

fn batch(criterion: &mut Criterion) {
    let batch = Batch::new();
    let mut group = criterion.benchmark_group("batch");
    group.throughput(Throughput::Elements(u64::from(RECORDS)));
    let records = Array::read(&batch.busilist).unwrap();
    group.bench_function("validate", |b| {
        b.iter(|| check_records(batch.dataset(), Action::Add, black_box(records).objects(), &batch.stamp).good);
    });
    let objects: Vec<_> = records.objects().map(Result::unwrap).collect();
    group.bench_function("rules", |b| {
        let checker = Checker::new(batch.dataset(), Action::Add, batch.stamp.latest, UnknownFields::Refuse);
        b.iter(|| black_box(&objects).iter().filter(|object| checker.check(object).is_empty()).count());
    });
    group.bench_function("changes", |b| b.iter(|| batch.changes().len()));
    group.bench_function("compress", |b| {
        b.iter(|| zstd::bulk::compress(black_box(batch.busilist.as_bytes()), 1).unwrap())
    });
    let changes = batch.changes();
    let merge = |states: &mut [State]| {
        for (state, change) in states.iter_mut().zip(&changes) {
            state.merge(change.version, &change.effect);
        }
    };
    group.bench_function("merge", |b| {
        b.iter_batched_ref(|| vec![State::default(); changes.len()], |states| merge(states), BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, standard, batch);
criterion_main!(benches);
