//! People: a name, a number, a telephone.

use super::draw::Draw;
use super::identity::{self, PEOPLE};
use super::world::World;
use time::Date;

/// Somebody.
pub(super) struct Person {
    pub name: String,
    pub number: String,
    pub birthday: Date,
    pub male: bool,
    pub mobile: String,
}

const SURNAMES: [&str; 48] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓", "许", "傅", "沈", "曾",
    "彭", "吕", "苏", "卢", "蒋", "蔡", "欧阳", "司马", "诸葛", "上官",
];

const MALE: [&str; 30] = [
    "伟", "强", "磊", "军", "洋", "勇", "杰", "涛", "明", "超", "刚", "平", "辉", "鹏", "华", "建国", "志强", "海涛",
    "文博", "俊峰", "国栋", "晓东", "立新", "振宇", "永康", "宏伟", "子轩", "浩然", "德胜", "少华",
];

const FEMALE: [&str; 30] = [
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "燕", "玲", "丹", "萍", "红", "洁", "梅", "秀英", "桂兰", "晓燕",
    "雪梅", "婷婷", "海霞", "玉兰", "思雨", "雅琴", "春燕", "凤英", "佳怡", "欣然", "慧敏", "素珍",
];

impl World {
    /// A person drawn at random. Two of them may share a number.
    pub(super) fn anyone(&self, draw: &mut Draw) -> Person {
        let serial = draw.below(PEOPLE);
        self.person(draw, serial)
    }

    /// The person with a serial. People with different serials have different numbers.
    pub(super) fn person(&self, draw: &mut Draw, serial: u64) -> Person {
        let home = *draw.pick(&self.homes);
        let citizen = identity::citizen(home, serial, self.offset);
        let name = name(draw, citizen.male);
        Person {
            name,
            number: citizen.number,
            birthday: citizen.birthday,
            male: citizen.male,
            mobile: identity::mobile(draw),
        }
    }
}

/// A name alone.
pub(super) fn any_name(draw: &mut Draw) -> String {
    let male = draw.chance(60);
    name(draw, male)
}

fn name(draw: &mut Draw, male: bool) -> String {
    let given = if male { draw.pick(&MALE) } else { draw.pick(&FEMALE) };
    format!("{}{given}", draw.pick(&SURNAMES))
}
