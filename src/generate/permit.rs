//! 001 单位行政许可: the licences of a block's ten holders.

use super::calendar::{self, PRESENT, after, between, text, years_after};
use super::draw::Stream;
use super::numbering;
use super::record::Record;
use super::unit::{Role, Unit};
use super::world::{Block, World};
use time::Date;
use time::macros::date;

/// The slots of a block that other datasets refer to.
pub(super) const INSPECTION_BODY: u32 = 0;
pub(super) const ELEVATOR_COMPANY: u32 = 1;
pub(super) const ELEVATOR_MAKER: u32 = 2;
pub(super) const BOILER_MAKER: u32 = 3;
pub(super) const VESSEL_MAKER: u32 = 4;
pub(super) const CRANE_MAKER: u32 = 5;
pub(super) const VEHICLE_MAKER: u32 = 6;
pub(super) const OTHER_MAKER: u32 = 7;
pub(super) const FILLER: u32 = 8;

/// What a holder is licensed for.
#[derive(Clone, Copy)]
pub(super) struct Trade {
    /// What the name of the unit says.
    pub word: &'static str,
    /// Code of XKLB.
    class: &'static str,
    /// The two class digits of the permit number.
    digits: &'static str,
    project: &'static str,
    levels: &'static [&'static str],
    pub equipment: &'static str,
}

const fn trade(
    word: &'static str,
    class: &'static str,
    digits: &'static str,
    project: &'static str,
    levels: &'static [&'static str],
    equipment: &'static str,
) -> Trade {
    Trade { word, class, digits, project, levels, equipment }
}

/// The trades of the slots 0 to 8; that of slot 7 changes with the block.
const TRADES: [Trade; 9] = [
    trade("特种设备检验检测", "05", "71", "特种设备检验机构核准", &["甲类综合检验机构", "乙类综合检验机构"], "3000"),
    trade(
        "电梯工程",
        "03",
        "33",
        "电梯安装（含修理）",
        &["曳引驱动乘客电梯A2", "曳引驱动乘客电梯B", "自动扶梯与自动人行道"],
        "3000",
    ),
    trade(
        "电梯制造",
        "02",
        "23",
        "电梯制造（含安装、修理、改造）",
        &["曳引驱动乘客电梯A1", "曳引驱动乘客电梯B"],
        "3000",
    ),
    trade("锅炉制造", "02", "21", "锅炉制造（含安装、修理、改造）", &["A", "B"], "1000"),
    trade("压力容器制造", "02", "22", "压力容器制造", &["A1、A2", "A2", "D"], "2000"),
    trade(
        "起重机械",
        "02",
        "24",
        "起重机械制造（含安装、修理、改造）",
        &["桥式起重机A", "桥式起重机B", "门式起重机B"],
        "4000",
    ),
    trade("叉车", "02", "25", "场（厂）内专用机动车辆制造（含修理、改造）", &["机动工业车辆"], "5000"),
    OTHER_TRADES[0],
    trade("气体", "04", "42", "气瓶充装", &["压缩气体", "液化气体", "低温液体"], "2000"),
];

/// Makers of what the block's tenth device is of or made of, by the number of the block.
const OTHER_TRADES: [Trade; 3] = [
    trade("管业", "02", "27", "压力管道元件制造", &["无缝钢管B", "金属阀门B"], "7000"),
    trade(
        "游乐设备",
        "02",
        "26",
        "大型游乐设施制造（含安装、修理、改造）",
        &["滑行和旋转类A", "滑行和旋转类B"],
        "6000",
    ),
    trade("索道设备", "02", "29", "客运索道制造（含安装、修理、改造）", &["客运架空索道B"], "9000"),
];

/// The last slot: designers and testing bodies take turns.
const LAST_TRADES: [Trade; 2] = [
    trade("工程设计", "01", "12", "压力容器设计", &["压力容器分析设计（SAD）", "固定式压力容器规则设计"], "2000"),
    trade("检测技术", "06", "74", "特种设备检测机构核准", &["电梯检测", "无损检测"], "3000"),
];

/// A licence and its holder.
pub(super) struct Permit {
    pub number: String,
    pub unit: Unit,
    pub trade: &'static Trade,
    issued: Date,
    expires: Date,
    /// Code of XKZT, and since when if it is not 1.
    state: (&'static str, Option<Date>),
}

/// What the holder in a slot of a block does.
pub(super) fn trade_of(index: u32) -> &'static Trade {
    let (block, slot) = ((index / 10) as usize, index % 10);
    match slot {
        OTHER_MAKER => &OTHER_TRADES[block % OTHER_TRADES.len()],
        9 => &LAST_TRADES[block % LAST_TRADES.len()],
        slot => &TRADES[slot as usize],
    }
}

impl World {
    /// The holder of the permit with an index.
    pub(super) fn holder(&self, block: &Block<'_>, slot: u32) -> Unit {
        let index = block.index(slot);
        self.unit(Role::Holder(index), trade_of(index).word, block.place)
    }

    /// The permit with an index.
    pub(super) fn permit(&self, index: u32) -> Permit {
        let block = self.block(index);
        let trade = trade_of(index);
        let mut draw = self.draw(Stream::Permit, u64::from(index));
        // Whoever others refer to is licensed throughout the years in which they do.
        let relied_on = index % 10 <= OTHER_MAKER;
        let last = if relied_on { date!(2022 - 12 - 20) } else { date!(2025 - 06 - 30) };
        let first = if relied_on { date!(2022 - 01 - 04) } else { date!(2019 - 01 - 02) };
        let issued = between(&mut draw, first, last);
        let expires = after(years_after(issued, 4), -1);
        let state = if expires < PRESENT {
            ("2", Some(after(expires, 1)))
        } else if !relied_on && draw.chance(10) {
            (*draw.pick(&["3", "4", "5", "6"]), Some(between(&mut draw, after(issued, 30), PRESENT)))
        } else {
            ("1", None)
        };
        Permit {
            number: numbering::permit_number(trade.digits, block.place, index, expires),
            unit: self.holder(&block, index % 10),
            trade,
            issued,
            expires,
            state,
        }
    }

    /// Record `index` of 001.
    pub(super) fn permit_record(&self, index: u32) -> Record {
        let Permit { number, unit, trade, issued, expires, state } = self.permit(index);
        let place = self.block(index).place;
        // The permit has drawn from its own stream already; this one is for what only the record shows.
        let mut draw = self.draw(Stream::Permit, u64::from(index) | 1 << 32);
        let document = format!("{}市监特许〔{}〕{}号", place.province.character, issued.year(), index + 1);
        let written = calendar::written_down(&mut draw, state.1.unwrap_or(issued));
        Record::with("XKZBH", number)
            .and("DWMC", unit.name)
            .and("TYSHXYDM", unit.code)
            .and("DWDZ", unit.address.clone())
            .and_if("ZZDZ", (trade.class == "02").then_some(unit.address))
            .and("FDDBR", unit.head)
            .and("LXR", unit.contact)
            .and("LXDH", unit.phone)
            .and("XKLB", trade.class)
            .and("XKXM", trade.project)
            .and("XKZXM", *draw.pick(trade.levels))
            .and("SBZLDM", trade.equipment)
            .and("FZJG", place.provincial_authority())
            .and("FZJGDM", place.provincial_authority_code())
            .and("FZJB", "2")
            .and("XKJDWSH", document)
            .and("FZRQ", text(issued))
            .and("YXQZ", text(expires))
            .and("ZSZT", state.0)
            .and_if("ZTBGRQ", state.1.map(text))
            .closed(place, written, draw.chance(10).then_some("换证"))
    }
}
