//! Names that nobody bears on purpose: put together from syllables, with what trips programs in between (compound surnames, a dot in
//! the middle, a character beyond the basic plane).

use crate::random::Random;

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐",
];
const COMPOUND: &[&str] = &["欧阳", "司马", "上官", "诸葛"];
const GIVEN: &[&str] = &[
    "伟", "芳", "娜", "敏", "静", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀兰", "霞", "平", "刚", "桂英", "建国", "志强", "玉兰",
    "文", "华", "国庆", "晓东", "春梅", "雨", "子涵", "浩然", "梓萱", "一诺",
];

/// A surname.
pub(crate) fn surname(random: &mut Random) -> String {
    if random.permille(10) { random.one_of(COMPOUND) } else { random.one_of(SURNAMES) }.to_owned()
}

/// A name.
pub(crate) fn person(surname: &str, random: &mut Random) -> String {
    match random.below(200) {
        0 => format!("{}{}·{}{}", random.one_of(GIVEN), random.one_of(GIVEN), random.one_of(GIVEN), random.one_of(GIVEN)),
        1 => format!("𠮷{}", random.one_of(GIVEN)),
        _ => format!("{surname}{}", random.one_of(GIVEN)),
    }
}

const FIRST: &[&str] = &["柳", "青", "枫", "石", "白", "河", "东", "南", "杏", "桃", "云", "竹", "新", "古", "长"];
const SECOND: &[&str] = &["溪", "杨", "桥", "塘", "湾", "庄", "坝", "岭", "店", "泉", "林", "墩", "港"];

/// The name of a village or town; two of one county may bear the same.
pub(crate) fn place(number: u64) -> String {
    let of = |all: &[&'static str], number: u64| all[usize::try_from(number % all.len() as u64).unwrap_or(0)];
    format!("{}{}", of(FIRST, number), of(SECOND, number / 15 + number * 5))
}
