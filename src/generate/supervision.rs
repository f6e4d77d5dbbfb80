//! 007 监督检查: inspections of a block's units by the authority of its county.

use super::calendar::{self, after, between, text};
use super::draw::{Draw, Stream};
use super::permit::{BOILER_MAKER, ELEVATOR_COMPANY, ELEVATOR_MAKER, FILLER, INSPECTION_BODY};
use super::person::any_name;
use super::record::Record;
use super::unit::{Role, Unit};
use super::world::World;
use time::Date;
use time::macros::date;

/// A unit under supervision.
pub(super) struct Subject {
    pub unit: Unit,
    /// Code of JCDX.
    pub class: &'static str,
    /// Codes of SBZL, separated by commas.
    equipment: &'static str,
    /// The index of its permit, if it holds one.
    pub permit: Option<u32>,
}

/// What came of an inspection.
struct Outcome {
    /// Code of JCJG.
    result: &'static str,
    /// Code of YHDJ.
    hazard: &'static str,
    problem: Option<&'static str>,
    /// The day by which an instruction must be carried out.
    due: Option<Date>,
    /// Code of ZGZT.
    remedy: Option<&'static str>,
    checked_again: Option<Date>,
}

const PROBLEMS: [&str; 6] = [
    "特种设备作业人员未持证上岗，责令改正",
    "安全技术档案不齐全，责令限期补齐",
    "未按要求开展日常检查，责令改正",
    "安全附件超期未校验，责令停用并校验",
    "电梯维保记录与实际不符，责令改正",
    "未在显著位置张贴使用标志，当场改正",
];

impl World {
    /// The unit that record `index` of 007 inspects, 008 penalises and 009 rates.
    pub(super) fn subject(&self, index: u32) -> Subject {
        let block = self.block(index);
        let user = |role, equipment| Subject { unit: self.user(role, &block), class: "3", equipment, permit: None };
        let holder = |slot, class, equipment| Subject {
            unit: self.holder(&block, slot),
            class,
            equipment,
            permit: Some(block.index(slot)),
        };
        match index % 10 {
            0 => user(Role::Property(block.number), "3000"),
            1 => holder(ELEVATOR_COMPANY, "1", "3000"),
            2 => holder(ELEVATOR_MAKER, "1", "3000"),
            3 => user(Role::Heating(block.number), "1000,8000"),
            4 => user(Role::Factory(block.number), "2000,4000,5000"),
            5 => holder(INSPECTION_BODY, "5", "3000,1000,2000"),
            6 => holder(FILLER, "4", "2000"),
            7 => user(Role::Site(block.number), ["8000", "6000", "9000"][(block.number % 3) as usize]),
            8 => Subject { class: "2", ..user(Role::Shop(block.number), "5000") },
            _ => holder(BOILER_MAKER, "1", "1000"),
        }
    }

    /// Record `index` of 007.
    pub(super) fn supervision_record(&self, index: u32) -> Record {
        let block = self.block(index);
        let subject = self.subject(index);
        let mut draw = self.draw(Stream::Supervision, u64::from(index));
        let day = between(&mut draw, date!(2024 - 01 - 03), date!(2025 - 09 - 10));
        let outcome = outcome(&mut draw, day);
        let last = outcome.checked_again.unwrap_or(day);
        let place = block.place;
        let instruction =
            outcome.due.map(|_| format!("（{}）市监特令〔{}〕第{}号", place.short, day.year(), index + 1));
        let badges = [draw.digits(3), draw.digits(3)].map(|serial| format!("{}{serial}", place.region));

        Record::with("JCJLBH", format!("JC{}{}{index:07}", place.region, day.year()))
            .and("JCLX", *draw.pick(&["1", "1", "1", "2", "2", "3", "9"]))
            .and("SSJ", if draw.chance(30) { "1" } else { "0" })
            .and("BJCDW", subject.unit.name)
            .and("BJCDWDM", subject.unit.code)
            .and("BJCDWLB", subject.class)
            .and("BJCDZ", subject.unit.address)
            .and("JCRQ", text(day))
            .and("JCJG", place.authority.clone())
            .and("JCJGDM", place.authority_code.clone())
            .and("JCRY", [any_name(&mut draw), any_name(&mut draw)].join("、"))
            .and("ZFZH", badges.join("、"))
            .and("SBZLDM", subject.equipment)
            .and("SJSBSL", draw.between(1, 40).to_string())
            .and("JCJL", outcome.result)
            .and("YHDJ", outcome.hazard)
            .and_if("WTMS", outcome.problem)
            .and_if("ZLSBH", instruction)
            .and_if("ZGQX", outcome.due.map(text))
            .and_if("ZGZT", outcome.remedy)
            .and_if("FCRQ", outcome.checked_again.map(text))
            .and("FZR", subject.unit.head)
            .and("LXDH", subject.unit.phone)
            .closed(place, calendar::written_down(&mut draw, last), None)
    }
}

fn outcome(draw: &mut Draw, day: Date) -> Outcome {
    let clean = Outcome { result: "1", hazard: "0", problem: None, due: None, remedy: Some("0"), checked_again: None };
    let case = draw.below(100);
    let problem = Some(*draw.pick(&PROBLEMS));
    match case {
        0..60 => clean,
        60..75 => Outcome { result: "2", hazard: "1", problem, ..clean },
        75..92 => {
            let due = after(day, draw.between(7, 30));
            let remedy = *draw.pick(&["1", "2", "3", "3", "3", "4"]);
            let checked = matches!(remedy, "3" | "4").then(|| after(due, draw.between(0, 5)));
            Outcome {
                result: "3",
                hazard: if draw.chance(70) { "1" } else { "2" },
                problem,
                due: Some(due),
                remedy: Some(remedy),
                checked_again: checked,
            }
        }
        92..95 => Outcome { result: "4", hazard: "2", problem, remedy: Some("1"), ..clean },
        95..98 => Outcome { result: "5", hazard: "3", problem, remedy: Some("1"), ..clean },
        _ => Outcome { result: "6", problem: Some("被检查单位已停业，终止检查"), ..clean },
    }
}
