//! 004 设备检验检测: an inspection of each device of a block by its inspection body.

use super::calendar::{self, after, between, text, years_after};
use super::draw::{Draw, Stream};
use super::permit::INSPECTION_BODY;
use super::person::any_name;
use super::personnel::INSPECTORS;
use super::record::Record;
use super::world::World;
use time::macros::date;

/// What an inspection came to.
struct Finding {
    /// Code of JYJL.
    conclusion: &'static str,
    passed: bool,
    /// Code of AQZK, of vessels and pipelines.
    condition: Option<&'static str>,
    /// Years until the next.
    cycle: i32,
}

const PROBLEMS: [&str; 6] = [
    "安全阀未在校验有效期内",
    "紧急报警装置失效",
    "限速器校验超期",
    "压力表未检定",
    "主要受力结构件有裂纹",
    "安全技术档案不齐全",
];

impl World {
    /// Record `index` of 004: of the device with that index.
    pub(super) fn inspection_record(&self, index: u32) -> Record {
        let block = self.block(index);
        let device = self.device(index);
        let body = self.permit(block.index(INSPECTION_BODY));
        let inspectors = INSPECTORS.map(|slot| self.certified(&block, slot));
        let mut draw = self.draw(Stream::Inspection, u64::from(index));

        let ended = between(&mut draw, date!(2023 - 01 - 09), date!(2025 - 10 - 20));
        let began = after(ended, -draw.between(0, 3));
        let reported = after(ended, draw.between(0, 15));
        let class = if draw.chance(85) { "05" } else { *draw.pick(&["03", "04", "06"]) };
        let finding = finding(&mut draw, device.kind);
        let next = finding.passed.then(|| text(years_after(ended, finding.cycle)));
        let problem = (!finding.passed).then(|| *draw.pick(&PROBLEMS));
        let owner_code = device.owner.unit_code().map(str::to_owned);

        Record::with("BGBH", format!("{}{}-{index:07}", prefix(device.kind), ended.year()))
            .and("JYJGDM", body.unit.code)
            .and("JYJG", body.unit.name)
            .and("JYJGHZZH", body.number)
            .and("SYDJZBH", device.number)
            .and("SBDM", device.code)
            .and_if("SBZCDM", device.legacy_code)
            .and("SBZLDM", device.kind)
            .and_if("SBPZDM", device.variety)
            .and("SYDW", device.owner.name)
            .and_if("SYDWDM", owner_code)
            .and("JYLB", class)
            .and("JYKSRQ", text(began))
            .and("JYJSRQ", text(ended))
            .and("JYJL", finding.conclusion)
            .and_if("AQZKDJ", finding.condition)
            .and_if("ZYWT", problem)
            .and_if("XCJYRQ", next)
            .and("JYRY", inspectors.each_ref().map(|person| person.name.as_str()).join("、"))
            .and("JYRYZSBH", inspectors.each_ref().map(|person| person.number.as_str()).join("、"))
            .and("PZR", any_name(&mut draw))
            .and("BGCJRQ", text(reported))
            .closed(block.place, calendar::written_down(&mut draw, reported), None)
    }
}

fn finding(draw: &mut Draw, kind: &str) -> Finding {
    let passed = draw.chance(92);
    let rated = kind == "2000" || kind == "8000";
    let conclusion = match (kind, passed) {
        ("1000" | "2000" | "8000", true) => *draw.pick(&["4", "4", "4", "5"]),
        ("1000" | "2000" | "8000", false) => "6",
        (_, true) => *draw.pick(&["1", "1", "1", "2"]),
        (_, false) => "3",
    };
    let condition = rated.then(|| *draw.pick(if passed { &["1", "2", "2", "3"] } else { &["4", "4", "4", "5"] }));
    let cycle = match (kind, condition) {
        ("2000" | "8000", Some("1" | "2")) => 6,
        ("2000" | "8000", _) => 3,
        ("4000" | "9000", _) => 2,
        _ => 1,
    };
    Finding { conclusion, passed, condition, cycle }
}

/// What the numbers of reports begin with.
fn prefix(kind: &str) -> &'static str {
    match kind {
        "1000" => "GL",
        "2000" => "RQ",
        "3000" => "DT",
        "4000" => "QZ",
        "5000" => "CC",
        "6000" => "YL",
        "8000" => "GD",
        _ => "SD",
    }
}
