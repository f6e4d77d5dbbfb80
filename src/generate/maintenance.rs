//! 005 电梯维护保养: the visits of a block's elevator company to its three elevators.

use super::calendar::{self, after, compact, text, time_text, working_time};
use super::device::ELEVATORS;
use super::draw::Stream;
use super::permit::ELEVATOR_COMPANY;
use super::personnel::{REPAIRERS, SAFETY_OFFICER};
use super::record::Record;
use super::world::World;
use time::macros::date;
use time::{Date, Duration, Month};

const PROBLEMS: [(&str, &str); 5] = [
    ("层门门锁触点氧化，已清洁", "层门门锁触点"),
    ("轿厢照明不亮，已更换", "照明灯管"),
    ("曳引钢丝绳张力不均，已调整", ""),
    ("对重导靴磨损，已更换", "导靴"),
    ("底坑有积水，已通知使用单位处理", ""),
];

impl World {
    /// Record `index` of 005. The elevators of a block take turns, and each is seen again after 15 days.
    pub(super) fn maintenance_record(&self, index: u32) -> Record {
        let block = self.block(index);
        let (visit, turn) = (index % 10 / 3, index % 10 % 3);
        let elevator = block.index(ELEVATORS[turn as usize]);
        let device = self.device(elevator);
        let company = self.permit(block.index(ELEVATOR_COMPANY));
        let people = REPAIRERS.map(|slot| self.certified(&block, slot));
        let officer = self.certified(&block, SAFETY_OFFICER);

        let mut rhythm = self.draw(Stream::Maintenance, u64::from(elevator) | 1 << 32);
        let day = after(date!(2025 - 01 - 06), rhythm.between(0, 240) + 15 * i64::from(visit));
        let mut draw = self.draw(Stream::Maintenance, u64::from(index));
        let began = working_time(&mut draw, day);
        let ended = began.saturating_add(Duration::minutes(draw.between(35, 110)));
        let class = if visit == 2 { "2" } else { "1" };
        let (result, problem) = match draw.below(100) {
            0..85 => ("1", None),
            85..95 => ("2", Some(draw.pick(&PROBLEMS))),
            95..99 => ("3", Some(draw.pick(&PROBLEMS))),
            _ => ("4", Some(draw.pick(&PROBLEMS))),
        };
        let new_year = |year| Date::from_calendar_date(year, Month::January, 1).unwrap_or(day);

        Record::with("WBJLBH", format!("WB{}{index:07}", compact(day)))
            .and("WBDWDM", company.unit.code)
            .and("WBDW", company.unit.name)
            .and("WBDWXKZ", company.number)
            .and("SYDJZBH", device.number)
            .and("SBDM", device.code)
            .and("SBPZDM", device.variety.unwrap_or(device.category))
            .and("DTSBM", format!("{}{:05}", block.place.region, elevator % 100_000))
            .and("SYDW", device.owner.name)
            .and("SYDD", device.site)
            .and("WBHTQ", text(new_year(day.year())))
            .and("WBHTZ", text(after(new_year(day.year() + 1), -1)))
            .and("WBLB", class)
            .and("WBKSSJ", time_text(began))
            .and("WBJSSJ", time_text(ended))
            .and("WBRY", people.each_ref().map(|person| person.name.as_str()).join("、"))
            .and("WBRYZSBH", people.each_ref().map(|person| person.number.as_str()).join("、"))
            .and("WBRYDH", people[0].mobile.clone())
            .and("WBJG", result)
            .and_if("WTMS", problem.map(|(text, _)| *text))
            .and_if("GHBJ", problem.map(|(_, part)| *part).filter(|part| !part.is_empty()))
            .and("SYDWQR", officer.name)
            .and("XCWBRQ", text(after(day, 15)))
            .and("YJDH", "96333")
            .closed(block.place, calendar::written_down(&mut draw, day), None)
    }
}
