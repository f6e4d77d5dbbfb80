//! 010 缺陷产品召回: recalls by a block's makers.

use super::calendar::{self, after, between, text};
use super::draw::{Draw, Stream};
use super::permit::ELEVATOR_MAKER;
use super::record::Record;
use super::world::World;
use time::Date;
use time::macros::date;

/// A defect, where it arose (code of QXHJ), what it may lead to and what is done.
struct Defect {
    what: &'static str,
    origin: &'static str,
    danger: &'static str,
    measure: &'static str,
}

const DEFECTS: [Defect; 4] = [
    Defect {
        what: "控制系统软件在特定工况下误动作",
        origin: "1",
        danger: "可能导致设备异常动作，造成人员受伤",
        measure: "免费升级控制软件",
    },
    Defect {
        what: "主要受力部件焊缝存在同一性未熔合",
        origin: "2",
        danger: "可能导致部件断裂",
        measure: "免费检测并更换受影响部件",
    },
    Defect {
        what: "安全保护装置动作值偏离设计要求",
        origin: "2",
        danger: "可能导致保护失效",
        measure: "免费更换安全保护装置并重新调试",
    },
    Defect {
        what: "使用说明书遗漏安全警示内容",
        origin: "6",
        danger: "可能导致误操作",
        measure: "补发使用说明书和警示标识",
    },
];

/// How far a recall has come.
struct Progress {
    /// Code of ZHZT.
    state: &'static str,
    done: Option<i64>,
    finished: Option<Date>,
}

impl World {
    /// Record `index` of 010. The six makers of a block take turns.
    pub(super) fn recall_record(&self, index: u32) -> Record {
        let block = self.block(index);
        let permit = self.permit(block.index(ELEVATOR_MAKER + index % 6));
        let mut draw = self.draw(Stream::Recall, u64::from(index));
        let model = self.catalogue.pick(&mut draw, permit.trade.equipment);
        let defect = draw.pick(&DEFECTS);
        let began = between(&mut draw, date!(2024 - 02 - 01), date!(2025 - 06 - 30));
        let made_until = after(began, -draw.between(60, 400));
        let made_from = after(made_until, -draw.between(90, 700));
        let planned = after(began, draw.between(90, 360));
        let concerned = draw.between(5, 3000);
        let progress = progress(&mut draw, concerned, began);
        let series = draw.between(100, 999);
        let year = made_from.year();

        Record::with("ZHBH", format!("TSZH{}{index:07}", began.year()))
            .and("SCDW", permit.unit.name)
            .and("SCDWDM", permit.unit.code)
            .and("SCXKZBH", permit.number)
            .and("ZHFS", if draw.chance(80) { "1" } else { "2" })
            .and("SBZLDM", permit.trade.equipment)
            .and_if("SBPZDM", model.variety.clone())
            .and("CPMC", model.name.clone())
            .and("CPXH", format!("XD{series}、XD{series}A"))
            .and("SCRQQ", text(made_from))
            .and("SCRQZ", text(made_until))
            .and("CPBHFW", format!("{year}{:05}至{year}{:05}", 1, concerned))
            .and("QXMS", defect.what)
            .and("QXHJ", defect.origin)
            .and("KNHG", defect.danger)
            .and("ZHCS", defect.measure)
            .and("SJSL", concerned.to_string())
            .and_if("WCSL", progress.done.map(|done| done.to_string()))
            .and("KSRQ", text(began))
            .and("JSRQ", text(planned))
            .and_if("WCRQ", progress.finished.map(text))
            .and("ZHZT", progress.state)
            .and("LXR", permit.unit.contact)
            .and("LXDH", permit.unit.phone)
            .closed(block.place, calendar::written_down(&mut draw, progress.finished.unwrap_or(began)), None)
    }
}

fn progress(draw: &mut Draw, concerned: i64, began: Date) -> Progress {
    match draw.below(10) {
        0 => Progress { state: "1", done: None, finished: None },
        1 | 2 => Progress { state: "2", done: Some(0), finished: None },
        3..7 => Progress { state: "3", done: Some(draw.between(0, concerned - 1)), finished: None },
        _ => Progress { state: "4", done: Some(concerned), finished: Some(after(began, draw.between(30, 120))) },
    }
}
