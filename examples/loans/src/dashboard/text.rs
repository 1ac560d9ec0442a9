//! Text for the page: escaped, and numbers as people read them.

use std::fmt;

use time::{Date, Month};

use crate::table::grouped;

/// Text in HTML, in which nothing is markup.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => write!(f, "{other}")?,
            }
        }
        Ok(())
    }
}

/// A count, with a comma between thousands.
pub(super) fn count(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

/// A part of a whole, as a percentage.
pub(super) fn percent(part: i64, whole: i64) -> String {
    if whole == 0 { String::from("–") } else { format!("{:.1} %", part as f64 * 100.0 / whole as f64) }
}

/// A number that is not negative, without what is behind the point.
pub(super) fn rounded(number: f64) -> String {
    let digits = format!("{number:.0}");
    digits.parse().map_or(digits, grouped)
}

/// A span of hours: one place after the point below 100, none above.
pub(super) fn hours(hours: f64) -> String {
    if hours < 100.0 { format!("{hours:.1} h") } else { format!("{} h", rounded(hours)) }
}

/// `Oct 2011`.
pub(super) fn month(month: Date) -> String {
    format!("{} {}", short(month.month()), month.year())
}

/// `31 Oct 2011`.
pub(super) fn day(day: Date) -> String {
    format!("{} {}", day.day(), month(day))
}

const fn short(month: Month) -> &'static str {
    match month {
        Month::January => "Jan",
        Month::February => "Feb",
        Month::March => "Mar",
        Month::April => "Apr",
        Month::May => "May",
        Month::June => "Jun",
        Month::July => "Jul",
        Month::August => "Aug",
        Month::September => "Sep",
        Month::October => "Oct",
        Month::November => "Nov",
        Month::December => "Dec",
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn nothing_in_a_name_is_markup() {
        let name = Escaped("<script>alert('&\"')</script>").to_string();
        assert_eq!(name, "&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;");
    }

    #[test]
    fn numbers_and_dates_are_for_people() {
        assert_eq!(
            (count(-1_234), percent(1, 3), percent(0, 0)),
            ("−1,234".into(), "33.3 %".into(), "–".into())
        );
        assert_eq!((hours(15.87), hours(1_731.4)), ("15.9 h".into(), "1,731 h".into()));
        assert_eq!(day(date!(2012 - 03 - 14)), "14 Mar 2012");
    }
}
