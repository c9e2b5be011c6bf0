//! What an office is called on letters and lists.

use store::divisions::{Division, DivisionLevel};

/// The authority of a division in civil affairs: 海勃湾区民政局, 滨河街道办事处, 千里山镇人民政府, 新地村委会.
#[must_use]
pub fn title(division: &Division) -> String {
    let name = &division.name;
    match division.level {
        DivisionLevel::Township if name.ends_with("街道") => format!("{name}办事处"),
        DivisionLevel::Township if name.ends_with('镇') || name.ends_with('乡') || name.ends_with("苏木") =>
        {
            format!("{name}人民政府")
        }
        DivisionLevel::Township | DivisionLevel::Village => name.clone(),
        _ => format!("{name}民政局"),
    }
}

/// Where a person goes or calls: the window of the office.
#[must_use]
pub fn window(division: &Division) -> String {
    match division.level {
        DivisionLevel::Township => format!("{}社会救助服务窗口", division.name),
        DivisionLevel::Village => format!("{}社会救助协理员", division.name),
        _ => format!("{}社会救助科（股）", title(division)),
    }
}
