//! 008 行政处罚: decisions against a block's units. The last two records of a block are one decision with two parties.

use super::calendar::{self, PRESENT, after, between, text, years_after};
use super::draw::{Draw, Stream, decimal};
use super::person::Person;
use super::record::Record;
use super::supervision::Subject;
use super::world::World;
use time::Date;
use time::macros::date;

/// A breach of the law, the slots of the subjects that can commit it, and the fine in units of 0.01 of 10,000 yuan.
struct Breach {
    slots: &'static [u32],
    what: &'static str,
    facts: &'static str,
    article: &'static str,
    fine: (i64, i64),
}

const fn breach(
    slots: &'static [u32],
    what: &'static str,
    facts: &'static str,
    article: &'static str,
    fine: (i64, i64),
) -> Breach {
    Breach { slots, what, facts, article, fine }
}

const BREACHES: [Breach; 7] = [
    breach(
        &[2, 9],
        "特种设备出厂时未附安全技术文件",
        "交付的设备未随附产品质量合格证明等相关技术资料和文件",
        "第七十七条",
        (200, 2000),
    ),
    breach(&[8], "销售未经检验的特种设备", "销售的叉车未经检验，无监督检验证明", "第八十二条第一款", (300, 3000)),
    breach(
        &[0, 3, 4, 7],
        "使用未经定期检验的特种设备",
        "在用特种设备超过检验有效期仍继续使用",
        "第八十四条第一项",
        (300, 3000),
    ),
    breach(
        &[0, 3, 4, 7],
        "未按照规定办理使用登记",
        "特种设备投入使用后三十日内未办理使用登记",
        "第八十三条第一项",
        (100, 1000),
    ),
    breach(
        &[6],
        "未按规定实施充装前后的检查、记录",
        "充装气瓶未进行充装前后检查并记录",
        "第八十五条第一款",
        (200, 2000),
    ),
    breach(
        &[5],
        "未按照安全技术规范的要求进行检验",
        "检验记录缺少安全技术规范规定的项目",
        "第九十三条第一款",
        (500, 2000),
    ),
    breach(
        &[1],
        "施工前未书面告知即行施工",
        "电梯修理施工前未书面告知负责特种设备安全监督管理的部门",
        "第七十八条",
        (100, 1000),
    ),
];

/// A decision, whoever its parties are.
pub(super) struct Decision {
    pub number: String,
    pub day: Date,
    subject: Subject,
    breach: &'static Breach,
    /// Codes of CFLB, separated by semicolons.
    kinds: &'static str,
    fine: Option<i64>,
    confiscated: Option<i64>,
}

impl World {
    /// The decision that record `index` of 008 is of.
    pub(super) fn decision(&self, index: u32) -> Decision {
        let first = if index % 10 == 9 { index - 1 } else { index };
        let subject = self.subject(first);
        let mut draw = self.draw(Stream::Penalty, u64::from(first) | 1 << 32);
        let day = between(&mut draw, date!(2024 - 03 - 04), date!(2025 - 10 - 10));
        let fitting: Vec<_> = BREACHES.iter().filter(|breach| breach.slots.contains(&(first % 10))).collect();
        let breach = *draw.pick(&fitting);
        let kinds = match draw.below(100) {
            0..10 => "1",
            10..25 => "1;2",
            25..30 if subject.permit.is_some() => "2;3",
            _ => "2",
        };
        let fined = kinds != "1";
        let (least, most) = breach.fine;
        Decision {
            number: format!("{}市监处罚〔{}〕{}号", self.block(first).place.short, day.year(), first + 1),
            day,
            subject,
            breach,
            kinds,
            fine: fined.then(|| draw.between(least, most)),
            confiscated: (fined && draw.chance(20)).then(|| draw.between(10, 500)),
        }
    }

    /// The natural person who is the second party of a block's last decision: the head of the first.
    pub(super) fn second_party(&self, index: u32) -> Person {
        let block = self.block(index);
        let head = self.subject(block.index(8)).unit.head;
        let person = self.anyone(&mut self.draw(Stream::Penalty, u64::from(block.number) | 2 << 32));
        Person { name: head, ..person }
    }

    /// Record `index` of 008.
    pub(super) fn penalty_record(&self, index: u32) -> Record {
        let block = self.block(index);
        let decision = self.decision(index);
        let second = (index % 10 == 9).then(|| self.second_party(index));
        let mut draw = self.draw(Stream::Penalty, u64::from(index));
        let number = decision.number.clone();
        let record = Record::with("CFWSH", number).and("XDRXH", if second.is_some() { "2" } else { "1" });
        let record = self.party(record, &decision, second, &mut draw);
        let licence = decision.kinds.ends_with('3').then_some(decision.subject.permit).flatten();
        let until = published_until(&decision);
        let publication = match until {
            None => "0",
            Some(day) if day < PRESENT => "2",
            Some(_) => "1",
        };
        record
            .and("WFXWLX", decision.breach.what)
            .and("WFSS", format!("经查，当事人{}", decision.breach.facts))
            .and("CFYJ", format!("《中华人民共和国特种设备安全法》{}", decision.breach.article))
            .and("CFLB", decision.kinds)
            .and("CFNR", content(&decision))
            .and_if("FKJE", decision.fine.map(|fine| decimal(fine, 2)))
            .and_if("MSJE", decision.confiscated.map(|sum| decimal(sum, 2)))
            .and_if(
                "ZKDXZZ",
                licence.map(|permit| format!("特种设备生产和充装单位许可证 {}", self.permit(permit).number)),
            )
            .and("CFJDRQ", text(decision.day))
            .and_if("GSJZQ", until.map(text))
            .and("GSZT", publication)
            .and("CFJG", block.place.authority.clone())
            .and("CFJGDM", block.place.authority_code.clone())
            .closed(block.place, calendar::written_down(&mut draw, after(decision.day, 3)), None)
    }

    fn party(&self, record: Record, decision: &Decision, second: Option<Person>, draw: &mut Draw) -> Record {
        if let Some(person) = second {
            return record
                .and("XDRMC", person.name)
                .and("XDRLB", "2")
                .and("ZRRZJLX", "111")
                .and("ZRRZJHM", person.number);
        }
        let unit = &decision.subject.unit;
        let trader = decision.subject.class == "2";
        record
            .and("XDRMC", unit.name.clone())
            .and("XDRLB", if trader { "3" } else { "1" })
            .and("XDRXYDM", unit.code.clone())
            .and("FDDBR", unit.head.clone())
            .and_if("FRZJHM", draw.chance(30).then(|| self.anyone(draw).number))
    }
}

/// A bare warning is not published; a small fine for three months, anything else for three years.
fn published_until(decision: &Decision) -> Option<Date> {
    match decision.fine {
        None => None,
        Some(fine) if fine < 300 && decision.kinds == "2" => Some(after(decision.day, 92)),
        Some(_) => Some(years_after(decision.day, 3)),
    }
}

fn content(decision: &Decision) -> String {
    let mut parts = Vec::new();
    if decision.kinds.starts_with('1') {
        parts.push("警告".to_owned());
    }
    parts.extend(decision.fine.map(|fine| format!("罚款人民币{}万元", decimal(fine, 2))));
    parts.extend(decision.confiscated.map(|sum| format!("没收违法所得{}万元", decimal(sum, 2))));
    if decision.kinds.ends_with('3') {
        parts.push("吊销许可证".to_owned());
    }
    parts.join("；")
}
