//! 009 信用监管: ratings and listings of a block's units, and of the person its last decision names.

use super::calendar::{self, after, between, text, years_after};
use super::draw::{Draw, Stream};
use super::record::Record;
use super::world::World;
use time::Date;
use time::macros::date;

/// When and why somebody was put on a list, and when taken off.
struct Listing {
    reason: &'static str,
    basis: &'static str,
    day: Date,
    removed: Option<Date>,
}

impl World {
    /// Record `index` of 009.
    pub(super) fn credit_record(&self, index: u32) -> Record {
        let block = self.block(index);
        let mut draw = self.draw(Stream::Credit, u64::from(index));
        let kind = match index % 10 {
            4 => "2",
            5 => "3",
            6 => "4",
            7 => "5",
            9 => "6",
            _ => "1",
        };
        let decision = matches!(kind, "3" | "6").then(|| self.decision(index));
        let day = match &decision {
            Some(decision) => after(decision.day, draw.between(5, 30)),
            None => between(&mut draw, date!(2024 - 04 - 01), date!(2025 - 09 - 30)),
        };
        let listing = listing(&mut draw, kind, day);
        let last = listing.as_ref().and_then(|listing| listing.removed).unwrap_or(day);
        let number = format!("XY{}{}{index:07}", block.place.region, day.year());
        let record = self.rated(Record::with("XYJLBH", number), index).and("XYLX", kind);
        let record = if kind == "1" {
            record.and("XYDJ", *draw.pick(&["A", "A", "B", "B", "C", "D"])).and("PJRQ", text(day))
        } else {
            record
        };
        let listed = listing.as_ref();
        let document =
            listed.map(|listing| format!("{}市监列字〔{}〕{}号", block.place.short, listing.day.year(), index + 1));
        let removed = listed.and_then(|listing| listing.removed);
        record
            .and_if("LRYY", listed.map(|listing| listing.reason))
            .and_if("LRYJ", listed.map(|listing| listing.basis))
            .and_if("LRRQ", listed.map(|listing| text(listing.day)))
            .and("LRJG", block.place.authority.clone())
            .and_if("LRWSH", document)
            .and_if("YCRQ", removed.map(text))
            .and_if("YCYY", removed.map(|_| "已履行法定义务，申请信用修复"))
            .and_if("CJCS", (kind == "6").then_some("限制取得特种设备相关许可"))
            .and("YXQZ", text(years_after(day, 3)))
            .and_if("GLCFWSH", decision.map(|decision| decision.number))
            .closed(block.place, calendar::written_down(&mut draw, last), None)
    }

    /// Whose credit it is.
    fn rated(&self, record: Record, index: u32) -> Record {
        if index % 10 == 9 {
            let person = self.second_party(index);
            return record.and("ZTMC", person.name).and("ZTLB", "2").and("ZJHM", person.number);
        }
        let subject = self.subject(index);
        record
            .and("ZTMC", subject.unit.name)
            .and("ZTLB", if subject.class == "2" { "3" } else { "1" })
            .and("TYSHXYDM", subject.unit.code)
            .and("FDDBR", subject.unit.head)
    }
}

fn listing(draw: &mut Draw, kind: &str, day: Date) -> Option<Listing> {
    let (reason, basis) = match kind {
        "2" => ("通过登记的住所或者经营场所无法联系", "《企业信息公示暂行条例》第十七条"),
        "3" => ("因特种设备安全违法行为受到较重行政处罚", "《市场监督管理严重违法失信名单管理办法》"),
        "5" => ("行政处罚信息提前停止公示", "《市场监督管理信用修复管理办法》"),
        "6" => ("对特种设备安全违法行为负有责任", "《市场监督管理严重违法失信名单管理办法》"),
        _ => return None,
    };
    let removed = (kind == "5" || kind == "2" && draw.chance(40)).then(|| after(day, draw.between(5, 45)));
    Some(Listing { reason, basis, day, removed })
}
