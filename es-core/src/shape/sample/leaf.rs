//! A sample value for each word of a shape.

use serde_json::{Value, json};

/// A value without parts. Whole numbers are small, so that they are valid hours, months and bytes.
pub(super) fn value(word: &str, name: &str, count: u32) -> Value {
    let (word, format) = word.split_once(':').map_or((word, None), |(word, format)| (word, Some(format)));
    match (word, format) {
        ("null", _) => Value::Null,
        ("bool", _) => true.into(),
        ("char", _) => "c".into(),
        ("f32" | "f64", _) => (f64::from(count) + 0.5).into(),
        ("string", Some(format)) => string(format, count).map_or_else(|| name.into(), Into::into),
        ("string" | "any", _) => name.into(),
        ("object", _) => json!({}),
        ("array", _) => json!([]),
        _ => count.into(),
    }
}

fn string(format: &str, count: u32) -> Option<String> {
    let text = match format {
        "uuid" => format!("00000000-0000-4000-8000-{count:012}"),
        "date-time" => format!("2001-02-0{count}T04:05:06Z"),
        "local-date-time" => format!("2001-02-0{count}T04:05:06"),
        "date" | "time-date" => format!("2001-02-0{count}"),
        "time" => format!("04:05:0{count}"),
        "time-time" => format!("04:05:0{count}.0"),
        "time-offset-date-time" => format!("2001-02-0{count} 04:05:06.0 +00:00:00"),
        "time-primitive-date-time" => format!("2001-02-0{count} 04:05:06.0"),
        "time-utc-offset" => format!("+0{count}:00:00"),
        "time-duration" => format!("{count}.000000000"),
        "time-month" | "month" => "March".into(),
        "time-weekday" => "Monday".into(),
        "weekday" => "Mon".into(),
        "decimal" => format!("{count}.50"),
        "ip" | "ipv4" => format!("192.0.2.{count}"),
        "ipv6" => format!("2001:db8::{count}"),
        "socket-address" => format!("192.0.2.{count}:443"),
        "socket-address-v6" => format!("[2001:db8::{count}]:443"),
        "uri" | "url" => format!("https://example.com/{count}"),
        "email" => format!("someone{count}@example.com"),
        _ => return None,
    };
    Some(text)
}
