//! Names that sound right and belong to nobody in particular.

use vocab::Sex;

use crate::draw::Draw;

/// Common surnames, the commonest first; two-character ones and the rarer ones that trip software are among them.
const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓",
    "许", "傅", "沈", "曾", "彭", "吕", "苏", "卢", "蒋", "蔡", "贾", "丁", "魏", "薛", "叶", "阎", "余",
    "潘", "杜", "戴", "夏", "钟", "汪", "田", "任", "姜", "范", "方", "石", "姚", "谭", "廖", "邹", "熊",
    "金", "陆", "郝", "孔", "白", "崔", "康", "毛", "邱", "秦", "江", "史", "顾", "侯", "邵", "孟", "龙",
    "万", "段", "单", "查", "解", "仇", "区", "欧阳", "司马", "上官", "诸葛", "包", "云", "敖", "鲍", "朝鲁",
    "那",
];
const MALE: &[&str] = &[
    "伟",
    "强",
    "磊",
    "军",
    "勇",
    "杰",
    "涛",
    "超",
    "明",
    "刚",
    "平",
    "辉",
    "鹏",
    "建国",
    "建军",
    "志强",
    "志明",
    "国庆",
    "永胜",
    "福贵",
    "德福",
    "铁柱",
    "文博",
    "浩然",
    "子轩",
    "宇航",
    "俊杰",
    "海峰",
    "振华",
    "金生",
    "有才",
    "长河",
    "根生",
    "巴特尔",
    "宝音",
    "𬱖",
];
const FEMALE: &[&str] = &[
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "艳",
    "娟",
    "霞",
    "秀英",
    "桂兰",
    "玉兰",
    "桂英",
    "秀珍",
    "凤英",
    "淑珍",
    "红梅",
    "春梅",
    "雪莲",
    "晓燕",
    "丽娟",
    "欣怡",
    "梓涵",
    "诗涵",
    "雨桐",
    "佳怡",
    "婷婷",
    "美玲",
    "小红",
    "金花",
    "巧云",
    "月娥",
    "其其格",
    "乌兰",
    "萨仁",
    "喆",
];

/// A surname; the first ones come more often.
pub fn surname(draw: &mut Draw) -> &'static str {
    let reach = *draw.pick(&[10, 25, 60, SURNAMES.len()]);
    *draw.pick(&SURNAMES[..reach])
}

/// Surname and given name.
pub fn full(draw: &mut Draw, surname: &str, sex: Sex) -> String {
    let given = *if sex == Sex::Male { draw.pick(MALE) } else { draw.pick(FEMALE) };
    format!("{surname}{given}")
}
