//! 011 事故: accidents with a block's devices, graded as the regulation grades them.

use super::calendar::{self, between, text, time_text, working_time};
use super::draw::{Draw, Stream, decimal};
use super::identity::mobile;
use super::person::any_name;
use super::record::Record;
use super::world::World;
use time::Duration;
use time::macros::date;

/// What happened and what it cost.
#[derive(Debug, Default)]
struct Event {
    /// Code of SGTZ.
    feature: &'static str,
    what: &'static str,
    /// The grade that the feature alone gives: explosions and overturned cranes are 较大 (3) without a casualty.
    grade: u8,
    dead: i64,
    injured: i64,
    slightly: i64,
    moved: Option<i64>,
    /// People held up, and for how long in units of 0.01 hour.
    stranded: Option<(i64, i64)>,
    /// Direct loss in units of 0.0001 of 10,000 yuan.
    loss: i64,
}

impl Event {
    /// The grade (code of SGDJ): the gravest that any of deaths, injuries, loss and evacuation gives, by articles 61
    /// to 64 of the regulation (特种设备安全监察条例).
    fn grade(&self) -> u8 {
        let by = |value: i64, limits: [i64; 3]| 4 - limits.iter().filter(|limit| value >= **limit).count() as u8;
        let columns = [
            by(self.dead, [3, 10, 30]),
            by(self.injured, [10, 50, 100]),
            by(self.loss / 10_000, [1_000, 5_000, 10_000]),
            by(self.moved.unwrap_or(0), [10_000, 50_000, 150_000]),
            self.grade,
        ];
        columns.into_iter().min().unwrap_or(4)
    }
}

impl World {
    /// Record `index` of 011: with the device of that index.
    pub(super) fn accident_record(&self, index: u32) -> Record {
        let block = self.block(index);
        let device = self.device(index);
        let mut draw = self.draw(Stream::Accident, u64::from(index));
        let event = event(&mut draw, device.kind);
        let day = between(&mut draw, date!(2023 - 02 - 01), date!(2025 - 10 - 15));
        let at = working_time(&mut draw, day);
        let told = at.saturating_add(Duration::minutes(draw.between(8, 100)));
        let state = *draw.pick(&["1", "2", "3", "4", "5"]);
        let closed = matches!(state, "4" | "5");
        let owner_code = device.owner.unit_code().map(str::to_owned);
        let stranded = event.stranded;
        let account = format!("{}，{}在使用过程中{}，现场已处置。", text(day), device.product, event.what);

        Record::with("SGBH", format!("SG{}{}{index:07}", block.place.region, day.year()))
            .and("SGMC", format!("{}“{}·{}”{}事故", block.place.short, day.month() as u8, day.day(), device.product))
            .and("FSSJ", time_text(at))
            .and("FSDD", device.site)
            .and("SGDW", device.owner.name)
            .and_if("SGDWDM", owner_code)
            .and("SBZLDM", device.kind)
            .and_if("SBPZDM", device.variety)
            .and("SYDJZBH", device.number)
            .and("SBDM", device.code)
            .and("SGHJ", "使用")
            .and("SGTZ", event.feature)
            .and("SGDJ", event.grade().to_string())
            .and("SWRS", event.dead.to_string())
            .and("ZSRS", event.injured.to_string())
            .and("QSRS", event.slightly.to_string())
            .and_if("ZYRS", event.moved.map(|people| people.to_string()))
            .and_if("ZLRS", stranded.map(|(people, _)| people.to_string()))
            .and_if("ZLSC", stranded.map(|(_, hours)| decimal(hours, 2)))
            .and("ZJJJSS", decimal(event.loss, 4))
            .and("SGJG", account)
            .and_if("SGYY", closed.then_some("安全管理不到位，未及时消除事故隐患"))
            .and_if("CLJG", closed.then_some("责任单位已受到行政处罚，整改完成"))
            .and("BGR", any_name(&mut draw))
            .and("BGRDH", mobile(&mut draw))
            .and("BGSJ", time_text(told))
            .and("SGZT", state)
            .closed(block.place, calendar::written_down(&mut draw, calendar::after(day, 1)), None)
    }
}

/// What happens with a device of a kind.
fn event(draw: &mut Draw, kind: &str) -> Event {
    let loss = draw.between(15_000, 4_000_000);
    let none = Event { grade: 4, loss, slightly: draw.between(0, 3), ..Event::default() };
    let hurt = |draw: &mut Draw| if draw.chance(40) { (draw.between(1, 2), 0) } else { (0, draw.between(1, 4)) };
    match kind {
        "1000" | "2000" => {
            let (dead, injured) = if draw.chance(50) { (0, 0) } else { (draw.between(1, 5), draw.between(0, 6)) };
            Event { feature: "01", what: "发生爆炸", grade: 3, dead, injured, ..none }
        }
        "3000" if draw.chance(50) => {
            let stranded = Some((draw.between(1, 12), draw.between(200, 500)));
            Event { feature: "13", what: "发生故障困人", stranded, ..none }
        }
        "3000" => {
            let (dead, injured) = hurt(draw);
            let (feature, what) = *draw.pick(&[("11", "发生挤压"), ("10", "发生剪切"), ("08", "发生坠落")]);
            Event { feature, what, dead, injured, ..none }
        }
        "4000" if draw.chance(30) => Event { feature: "04", what: "发生整体倾覆", grade: 3, ..none },
        "8000" => {
            let moved = Some(draw.between(500, 4_000));
            Event { feature: "03", what: "发生有毒介质泄漏", moved, ..none }
        }
        "6000" | "9000" => {
            let stranded = Some((draw.between(2, 60), draw.between(360, 1_100)));
            Event { feature: "13", what: "发生滞留", stranded, ..none }
        }
        _ => {
            let (dead, injured) = hurt(draw);
            Event { feature: "09", what: "发生碰撞", dead, injured, ..none }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_61_to_64_grade_by_the_gravest_column() {
        let event = Event { grade: 4, ..Event::default() };
        assert_eq!(event.grade(), 4);
        assert_eq!(Event { grade: 4, dead: 3, ..Event::default() }.grade(), 3);
        assert_eq!(Event { grade: 4, dead: 9, injured: 50, ..Event::default() }.grade(), 2);
        assert_eq!(Event { grade: 4, loss: 10_000 * 10_000, ..Event::default() }.grade(), 1);
        assert_eq!(Event { grade: 4, loss: 10_000 * 1_000 - 1, ..Event::default() }.grade(), 4);
        assert_eq!(Event { grade: 4, moved: Some(10_000), ..Event::default() }.grade(), 3);
        assert_eq!(Event { grade: 3, ..Event::default() }.grade(), 3);
    }
}
