//! Points and lines on the earth: degrees with at most six decimals, longitude first, as maps of this country give them.

/// West, east, south, north of the country and its seas, in millionths of a degree.
const BOUNDS: (i64, i64, i64, i64) = (73_000_000, 136_000_000, 3_000_000, 54_000_000);
/// Points of one line.
const POINTS_MAX: usize = 20_000;

/// Reads `106.812345,39.67` and gives it in its one spelling.
///
/// # Errors
/// A Chinese sentence that says how to write it.
pub fn read_point(text: &str) -> Result<String, String> {
    let (longitude, latitude) = point(text)?;
    Ok(format!("{},{}", degrees(longitude), degrees(latitude)))
}

/// Reads points with semicolons between and gives them in their one spelling.
///
/// # Errors
/// A Chinese sentence that says how to write it.
pub fn read_line(text: &str) -> Result<String, String> {
    let text = vocab::half_width(text);
    let points: Vec<&str> = text.split(';').map(str::trim).filter(|point| !point.is_empty()).collect();
    if !(2..=POINTS_MAX).contains(&points.len()) {
        return Err(format!("一条线要有2到{POINTS_MAX}个点，点与点之间用分号隔开"));
    }
    let points: Result<Vec<String>, String> = points.into_iter().map(read_point).collect();
    Ok(points?.join(";"))
}

/// The points of a stored point or line as texts of longitude and latitude.
pub fn points_of(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(';').filter_map(|point| point.split_once(','))
}

fn point(text: &str) -> Result<(i64, i64), String> {
    let wrong = || "请按“经度,纬度”填写，单位度，例如 106.812345,39.67".to_owned();
    let text = vocab::half_width(text);
    let (first, second) = text.trim().split_once([',', ' ']).ok_or_else(wrong)?;
    let (first, second) = (millionths(first).ok_or_else(wrong)?, millionths(second).ok_or_else(wrong)?);
    let (west, east, south, north) = BOUNDS;
    if (west..=east).contains(&first) && (south..=north).contains(&second) {
        Ok((first, second))
    } else if (west..=east).contains(&second) && (south..=north).contains(&first) {
        Err("经度和纬度写反了，请把经度写在前面".to_owned())
    } else {
        Err("这个点不在我国范围内，请核对经度和纬度".to_owned())
    }
}

fn millionths(text: &str) -> Option<i64> {
    let number: catalogue::Number = text.trim().parse().ok()?;
    number.at_scale(6)
}

fn degrees(millionths: i64) -> String {
    catalogue::Number::new(millionths, 6).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_have_one_spelling() {
        assert_eq!(read_point(" 106.8120， 39.67 ").unwrap(), "106.812,39.67");
        assert!(read_point("39.67,106.812").unwrap_err().contains("写反"));
        assert!(read_point("6.8,39.67").unwrap_err().contains("范围"));
        assert!(read_point("106.8").is_err());
        assert!(read_point("106.8123456,39.67").is_err());
        assert_eq!(read_line("106.8,39.6；106.9,39.7;").unwrap(), "106.8,39.6;106.9,39.7");
        assert!(read_line("106.8,39.6").is_err());
    }
}
