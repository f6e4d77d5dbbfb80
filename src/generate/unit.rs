//! Units: companies and institutions with a name, a code and an address.

use super::draw::{Draw, Stream};
use super::identity;
use super::person::any_name;
use super::place::Place;
use super::world::World;

/// A company.
pub(super) struct Unit {
    pub name: String,
    pub code: String,
    pub address: String,
    /// 法定代表人.
    pub head: String,
    pub contact: String,
    pub phone: String,
}

/// What a unit is in its block: one of the ten holders of permits, or one of the users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The holder of the permit with this index.
    Holder(u32),
    /// The property company of the block, which runs its elevators.
    Property(u32),
    /// The heating company of the block, which runs its boilers.
    Heating(u32),
    /// The factory of the block, which runs its vessels, cranes and vehicles.
    Factory(u32),
    /// Whoever runs the block's pipeline, amusement ride or ropeway.
    Site(u32),
    /// A small shop of the block, a trader's.
    Shop(u32),
}

const BRANDS: [&str; 40] = [
    "华", "盛", "宏", "瑞", "鑫", "泰", "德", "源", "恒", "信", "安", "达", "通", "顺", "昌", "隆", "兴", "旺", "博",
    "远", "智", "创", "联", "科", "正", "和", "永", "利", "嘉", "诚", "中", "海", "金", "东", "立", "新", "星", "辰",
    "凯", "奥",
];

const ROADS: [&str; 24] = [
    "人民路",
    "中山路",
    "解放路",
    "建设路",
    "文化路",
    "和平路",
    "长江路",
    "黄河路",
    "泰山路",
    "北京路",
    "上海路",
    "南京路",
    "工业大道",
    "科技大道",
    "创业路",
    "迎宾大道",
    "滨河路",
    "新华街",
    "胜利街",
    "朝阳街",
    "光明街",
    "团结路",
    "友谊路",
    "振兴路",
];

impl World {
    /// The unit of a role, whose trade is known to whoever asks.
    pub(super) fn unit(&self, role: Role, trade: &str, place: &Place) -> Unit {
        let (number, ordinal) = match role {
            Role::Holder(index) => (0, index),
            Role::Property(block) => (1, block),
            Role::Heating(block) => (2, block),
            Role::Factory(block) => (3, block),
            Role::Site(block) => (4, block),
            Role::Shop(block) => (5, block),
        };
        let serial = number << 24 | u64::from(ordinal);
        let mut draw = self.draw(Stream::Unit, serial);
        let brand = format!("{}{}", draw.pick(&BRANDS), draw.pick(&BRANDS));
        let (kind, ending) = if matches!(role, Role::Shop(_)) { ("92", "店") } else { ("91", "有限公司") };
        Unit {
            name: format!("{}{brand}{trade}{ending}", place.city),
            code: identity::company_code(kind, place.region, serial, self.offset),
            address: address(&mut draw, place),
            head: any_name(&mut draw),
            contact: any_name(&mut draw),
            phone: if draw.chance(50) { identity::mobile(&mut draw) } else { identity::landline(&mut draw) },
        }
    }
}

/// An address in a place.
pub(super) fn address(draw: &mut Draw, place: &Place) -> String {
    format!("{}{}{}号", place.full, draw.pick(&ROADS), draw.between(1, 999))
}
