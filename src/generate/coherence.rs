//! The world holds together: every record is valid, every reference leads somewhere, no rule across fields is broken.

use super::{Record, World, write_array};
use crate::dataset::{Checker, Dataset, Dictionary, FieldFault, UnknownFields};
use crate::standard::busilist::Array;
use crate::standard::code::{Action, BusinessCode};
use crate::standard::moment::Moment;
use crate::standard::region::{Region, RegionTable};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(Dictionary::builtin);
static TABLE: LazyLock<RegionTable> = LazyLock::new(RegionTable::builtin);

fn dataset(number: u16) -> &'static Dataset {
    DICTIONARY.get(BusinessCode::from_number(number).unwrap()).unwrap()
}

fn world(seed: u64, region: &str) -> World {
    World::new(seed, Region::parse(region).unwrap(), &TABLE).unwrap()
}

fn records(world: &World, number: u16, count: u32) -> Vec<Record> {
    world.records(dataset(number).code(), count).unwrap().collect()
}

/// What `check` says of generated records, and their keys.
fn judged(dataset: &Dataset, action: Action, records: &[Record]) -> (Vec<FieldFault>, Vec<String>) {
    let array = write_array(records.iter().cloned());
    let objects: Vec<_> = Array::read(&array).unwrap().objects().map(Result::unwrap).collect();
    let checker =
        Checker::new(dataset, action, Moment::parse_civil("2026-01-01 00:00:00").unwrap(), UnknownFields::Refuse);
    let faults = objects.iter().flat_map(|object| checker.check(object)).collect();
    let keys = objects.iter().map(|object| dataset.key_of(object).unwrap().as_str().to_owned()).collect();
    (faults, keys)
}

/// The values of a field, to look references up in.
fn values<'r>(records: &'r [Record], id: &str) -> HashSet<&'r str> {
    records.iter().filter_map(|record| record.get(id)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn generated_records_pass_every_rule_and_differ_in_their_keys(
        seed in any::<u64>(),
        place in 0_usize..3300,
        start in 0_u32..999_900,
        number in 1_u16..=11,
    ) {
        let listed: Vec<Region> = TABLE.regions().map(|(region, _)| region).collect();
        let region = listed.get(place).copied().unwrap_or(Region::NATION);
        let world = World::new(seed, region, &TABLE).unwrap();
        let code = dataset(number).code();
        let records: Vec<_> = (start..start + 60).map(|index| world.record(code, index).unwrap()).collect();
        let (faults, keys) = judged(dataset(number), Action::Add, &records);
        prop_assert_eq!(faults, []);
        prop_assert_eq!(keys.iter().collect::<HashSet<_>>().len(), records.len());
        for record in &records {
            prop_assert!(region.covers(Region::parse(record.get("XZQHDM").unwrap()).unwrap()));
            prop_assert!(record.get("SJGXSJ").unwrap() < "2026-01-01");
            let known: Vec<_> = dataset(number).fields().iter().map(|field| field.id.as_str()).collect();
            let order: Vec<_> = record.members().map(|(id, _)| known.iter().position(|k| *k == id).unwrap()).collect();
            prop_assert!(order.is_sorted_by(|a, b| a < b), "{:?} is not in the order of the dictionary", record);
        }
    }

    #[test]
    fn changes_and_deletes_are_valid_later_and_of_the_same_record(
        seed in any::<u64>(), number in 1_u16..=11, index in 0_u32..1000, revision in 1_u32..500,
    ) {
        let world = world(seed, "370203");
        let dataset = dataset(number);
        let whole = world.record(dataset.code(), index).unwrap();
        let change = world.modify(dataset, index, revision).unwrap();
        let delete = world.delete(dataset, index, revision).unwrap();
        prop_assert!(change.members().count() > delete.members().count());
        let (_, keys) = judged(dataset, Action::Add, std::slice::from_ref(&whole));
        prop_assert_eq!(judged(dataset, Action::Modify, std::slice::from_ref(&change)), (vec![], keys.clone()));
        prop_assert_eq!(judged(dataset, Action::Delete, std::slice::from_ref(&delete)), (vec![], keys));
        for record in [&change, &delete] {
            prop_assert_eq!(record.get("XZQHDM"), whole.get("XZQHDM"));
            prop_assert!(record.get("SJGXSJ") > whole.get("SJGXSJ"));
        }
        let next = world.delete(dataset, index, revision + 1).unwrap();
        prop_assert!(next.get("SJGXSJ") > delete.get("SJGXSJ"));
    }
}

#[test]
fn a_record_does_not_depend_on_how_many_are_made() {
    for number in 1..=11 {
        let few = records(&world(5, "370200"), number, 7);
        let many = records(&world(5, "370200"), number, 70);
        assert_eq!(few, many[..7]);
        assert_ne!(records(&world(6, "370200"), number, 7), few);
    }
}

#[test]
fn equal_counts_of_whole_blocks_are_closed_under_reference() {
    for (seed, region) in [(1, "370203"), (2, "320106"), (3, "370000"), (4, "000000")] {
        let world = world(seed, region);
        let all: Vec<_> = (1..=11).map(|number| records(&world, number, 200)).collect();
        let [permits, people, devices] = [&all[0], &all[1], &all[2]];
        let permit_numbers = values(permits, "XKZBH");
        let certificates = values(people, "ZSBH");
        let registered: HashMap<_, _> = devices.iter().map(|d| (d.get("SYDJZBH").unwrap(), d)).collect();
        let holders = values(permits, "TYSHXYDM");
        let parties: HashSet<_> = values(&all[7], "CFWSH");

        for record in all.iter().flatten() {
            for id in ["JYJGHZZH", "WBDWXKZ", "SCXKZBH"] {
                assert!(record.get(id).is_none_or(|number| permit_numbers.contains(number)), "{record:?}");
            }
            for id in ["JYJGDM", "WBDWDM", "CSJGDM", "SCDWDM", "ZZDWDM"] {
                assert!(record.get(id).is_none_or(|code| holders.contains(code)), "{record:?}");
            }
            for id in ["JYRYZSBH", "WBRYZSBH"] {
                let mut numbers = record.get(id).into_iter().flat_map(|numbers| numbers.split('、'));
                assert!(numbers.all(|number| certificates.contains(number)), "{record:?}");
            }
            assert!(record.get("GLCFWSH").is_none_or(|decision| parties.contains(decision)), "{record:?}");
        }
        for (number, kind) in [(4, None), (5, Some("3000")), (6, Some("1000")), (11, None)] {
            for record in &all[number - 1] {
                let device = registered[record.get("SYDJZBH").unwrap()];
                assert!(kind.is_none_or(|kind| device.get("SBZLDM") == Some(kind)), "{record:?}");
                for id in ["SBDM", "SYDW", "XZQHDM"] {
                    assert!(record.get(id).is_none() || record.get(id) == device.get(id), "{id} of {record:?}");
                }
            }
        }
        assert_eq!(values(&all[3], "SYDJZBH").len(), devices.len(), "every device has its inspection");
        assert_eq!(values(&all[4], "SYDJZBH").len(), 60, "every elevator has its maintenance");
        assert_eq!(values(&all[5], "SYDJZBH").len(), 40, "every boiler has its tests");
    }
}

/// Pairs of fields of which the second is never before the first.
const IN_ORDER: [(u16, &str, &str); 18] = [
    (1, "FZRQ", "YXQZ"),
    (1, "FZRQ", "ZTBGRQ"),
    (2, "CCFZRQ", "FZRQ"),
    (2, "FZRQ", "YXQZ"),
    (3, "ZZRQ", "TYRQ"),
    (3, "ZZRQ", "DJRQ"),
    (4, "JYKSRQ", "JYJSRQ"),
    (4, "JYJSRQ", "BGCJRQ"),
    (4, "JYJSRQ", "XCJYRQ"),
    (5, "WBHTQ", "WBHTZ"),
    (5, "WBKSSJ", "WBJSSJ"),
    (5, "WBJSSJ", "XCWBRQ"),
    (7, "JCRQ", "ZGQX"),
    (7, "JCRQ", "FCRQ"),
    (9, "LRRQ", "YCRQ"),
    (10, "SCRQQ", "SCRQZ"),
    (10, "KSRQ", "JSRQ"),
    (11, "FSSJ", "BGSJ"),
];

/// A field, the values that make another one required, and that other one.
const REQUIRED_WHEN: [(u16, &str, &[&str], &str); 13] = [
    (1, "ZSZT", &["2", "3", "4", "5", "6"], "ZTBGRQ"),
    (4, "JYJL", &["3", "6", "9"], "ZYWT"),
    (5, "WBJG", &["2", "3", "4"], "WTMS"),
    (7, "JCJL", &["2", "3", "4", "5", "6"], "WTMS"),
    (7, "JCJL", &["3"], "ZLSBH"),
    (7, "JCJL", &["3"], "ZGQX"),
    (8, "XDRLB", &["1", "3"], "XDRXYDM"),
    (8, "XDRLB", &["2"], "ZRRZJHM"),
    (8, "CFLB", &["2", "1;2", "2;3"], "FKJE"),
    (9, "ZTLB", &["1", "3"], "TYSHXYDM"),
    (9, "ZTLB", &["2"], "ZJHM"),
    (9, "XYLX", &["1"], "XYDJ"),
    (9, "XYLX", &["2", "3"], "LRYY"),
];

#[test]
fn rules_across_fields_hold() {
    let world = world(11, "370200");
    let all: Vec<_> = (1..=11).map(|number| records(&world, number, 1000)).collect();
    for (number, earlier, later) in IN_ORDER {
        for record in &all[usize::from(number) - 1] {
            let (Some(first), Some(second)) = (record.get(earlier), record.get(later)) else { continue };
            assert!(first <= second, "{earlier} after {later} in {record:?}");
        }
    }
    for (number, field, when, other) in REQUIRED_WHEN {
        let concerned = all[usize::from(number) - 1].iter().filter(|r| r.get(field).is_some_and(|v| when.contains(&v)));
        let mut seen = 0;
        for record in concerned {
            assert!(record.get(other).is_some(), "{field} without {other} in {record:?}");
            seen += 1;
        }
        assert!(seen > 0, "no record of {number:03} has {field} in {when:?}");
    }
    for person in &all[1] {
        assert_eq!(person.get("CSRQ").unwrap().replace('-', ""), person.get("ZJHM").unwrap()[6..14]);
    }
    for device in &all[2] {
        let kind = device.get("SBZLDM").unwrap();
        assert_eq!(device.get("SBLBDM").unwrap()[..1], kind[..1]);
        assert!(device.get("SBPZDM").is_none_or(|variety| variety[..1] == kind[..1]));
    }
    let decided: HashMap<_, _> = all[7].iter().map(|d| (d.get("CFWSH"), d.get("CFJDRQ"))).collect();
    for listing in all[8].iter().filter(|record| record.get("GLCFWSH").is_some()) {
        assert!(listing.get("LRRQ") > decided[&listing.get("GLCFWSH")], "{listing:?}");
    }
    for recall in &all[9] {
        let count = |id| recall.get(id).map(|number| number.parse::<u32>().unwrap());
        assert!(count("SJSL") > Some(0) && count("WCSL") <= count("SJSL"));
        assert!(recall.get("WCRQ").is_none() || recall.get("ZHZT") == Some("4"));
    }
}

#[test]
fn what_cannot_be_generated_is_said() {
    let unlisted = Region::parse("370299").unwrap();
    assert!(World::new(1, unlisted, &TABLE).is_err_and(|e| e.to_string().contains("370299")));
    let world = world(1, "370203");
    assert!(world.record(BusinessCode::parse("012").unwrap(), 0).is_err());
    assert!(world.records(BusinessCode::parse("003").unwrap(), 1_000_001).is_err());
}

/// Every rule across fields has an example that breaks it, and is heard when it is put into a good record.
#[test]
fn every_rule_across_fields_is_heard_when_it_is_broken() {
    let world = world(3, "370200");
    for dataset in DICTIONARY.datasets() {
        let good = records(&world, dataset.code().number(), 1).remove(0);
        for rule in dataset.rules_across() {
            assert!(!rule.broken_by.is_empty(), "{} of {:?} has no x-broken-by", rule.id, dataset);
            let (faults, _) = judged(dataset, Action::Add, &[good.broken(&rule.broken_by)]);
            let heard = faults.iter().any(|fault| fault.rule == rule.id && fault.level == rule.level);
            assert!(heard, "{} of {dataset:?} is not heard: {faults:?}", rule.id);
        }
    }
}
