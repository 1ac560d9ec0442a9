//! The formats of strings that can be checked. All others are accepted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub(super) fn fits(format: &str, text: &str) -> bool {
    match format {
        "uuid" => uuid::Uuid::try_parse(text).is_ok(),
        "date-time" => instant(text).is_some_and(|rest| offset(rest) == Some("")),
        "local-date-time" => instant(text) == Some(""),
        "date" | "time-date" => date(text) == Some(""),
        "time" => time(text) == Some(""),
        "decimal" => decimal(text),
        "month" | "time-month" => named(text, &MONTHS),
        "weekday" | "time-weekday" => named(text, &WEEKDAYS),
        "ip" => text.parse::<IpAddr>().is_ok(),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "socket-address" => text.parse::<SocketAddr>().is_ok(),
        "socket-address-v6" => text.parse::<SocketAddrV6>().is_ok(),
        _ => true,
    }
}

/// Whether the format of a string, or of a number, is one that is checked here.
pub(in crate::shape) fn is_checked(format: &str) -> bool {
    const CHECKED: [&str; 17] = [
        "uuid",
        "date-time",
        "local-date-time",
        "date",
        "time-date",
        "time",
        "decimal",
        "month",
        "time-month",
        "weekday",
        "time-weekday",
        "ip",
        "ipv4",
        "ipv6",
        "socket-address",
        "socket-address-v6",
        "nonzero",
    ];
    CHECKED.contains(&format)
}

/// A name or its first three letters.
fn named(text: &str, names: &[&str]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(text) || name[..3].eq_ignore_ascii_case(text))
}

/// Digits of a number in a range; returns what follows.
fn number(text: &str, digits: usize, most: u32) -> Option<&str> {
    let (head, rest) = text.split_at_checked(digits)?;
    let is_number = head.bytes().all(|byte| byte.is_ascii_digit());
    head.parse().ok().filter(|number: &u32| is_number && *number <= most).map(|_| rest)
}

/// All digits that follow, at least one.
fn digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

fn date(text: &str) -> Option<&str> {
    let year = text.strip_prefix(['+', '-']).unwrap_or(text);
    let rest = digits(year).filter(|rest| year.len() - rest.len() >= 4)?;
    let rest = number(rest.strip_prefix('-')?, 2, 12)?;
    number(rest.strip_prefix('-')?, 2, 31)
}

/// A leap second is accepted, and seconds may be left out, as some write them.
fn time(text: &str) -> Option<&str> {
    let rest = number(text, 2, 24)?;
    let rest = number(rest.strip_prefix(':')?, 2, 59)?;
    let Some(rest) = rest.strip_prefix(':') else { return Some(rest) };
    let rest = number(rest, 2, 60)?;
    rest.strip_prefix(['.', ',']).map_or(Some(rest), digits)
}

fn instant(text: &str) -> Option<&str> {
    time(date(text)?.strip_prefix(['T', 't', ' '])?)
}

fn offset(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some(rest);
    }
    let rest = number(text.strip_prefix(['+', '-'])?, 2, 24)?;
    number(rest.strip_prefix(':').unwrap_or(rest), 2, 59)
}

fn decimal(text: &str) -> bool {
    let Some(rest) = digits(text.strip_prefix(['+', '-']).unwrap_or(text)) else { return false };
    let Some(rest) = rest.strip_prefix('.').map_or(Some(rest), digits) else { return false };
    let exponent = rest.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    exponent.map_or(Some(rest), digits) == Some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_takes_what_it_stands_for_and_nothing_else() {
        for (format, good, bad) in [
            ("uuid", "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-00000000000"),
            ("date-time", "2001-02-03T04:05:06.789Z", "2001-02-03"),
            ("date-time", "2001-02-03T04:05:06+01:00", "2001-02-03T04:05:06"),
            ("date-time", "+12001-02-03T04:05:06Z", "2001-13-03T04:05:06Z"),
            ("local-date-time", "2001-02-03T04:05:06", "2001-02-03T04:05:06Z"),
            ("date", "2001-02-03", "2001-02-3"),
            ("date", "2001-02-03", "01-02-03"),
            ("time", "04:05:06.5", "4:05"),
            ("time", "04:05:06", "04:61:06"),
            ("decimal", "-1.50", "1."),
            ("decimal", "2e10", "1,5"),
            ("month", "March", "Mars"),
            ("weekday", "Mon", "Mo"),
            ("ip", "192.0.2.1", "192.0.2.256"),
            ("ipv6", "2001:db8::1", "192.0.2.1"),
            ("socket-address", "192.0.2.1:443", "192.0.2.1"),
        ] {
            assert!(fits(format, good), "{format} {good}");
            assert!(!fits(format, bad), "{format} {bad}");
            // Cut off anywhere, also within a character, nothing panics.
            for at in 0..good.len() {
                let _ = fits(format, &good[..at]);
                let _ = fits(format, &format!("{}é", &good[..at]));
            }
        }
        assert!(fits("iban", "whatever it is"));
        assert!(is_checked("uuid") && !is_checked("iban"));
    }
}
