//! JSON that can be compared as text: no spaces, and the keys of objects in order.

use serde::de::IgnoredAny;

/// The same JSON in its canonical form. Numbers stay as they are written: the value of `serde_json` would
/// round those of more than 64 bits.
///
/// # Errors
///
/// If this is not JSON.
pub(crate) fn canonical(json: &[u8]) -> Result<String, serde_json::Error> {
    let _: IgnoredAny = serde_json::from_slice(json)?;
    let mut rest = json;
    let canonical = value(&mut rest);
    Ok(String::from_utf8_lossy(&canonical).into_owned())
}

/// Removes one value from the beginning of valid JSON.
fn value(rest: &mut &[u8]) -> Vec<u8> {
    match next(rest) {
        Some(b'{') => {
            let members = items(rest, |rest| {
                let key = value(rest);
                // The colon.
                next(rest);
                take(rest, 1);
                (key, value(rest))
            });
            let mut members: Vec<(Vec<u8>, Vec<u8>)> = members;
            members.sort();
            let members: Vec<Vec<u8>> =
                members.into_iter().map(|(key, value)| [key, value].join(&b':')).collect();
            [b"{", members.join(&b',').as_slice(), b"}"].concat()
        }
        Some(b'[') => [b"[", items(rest, value).join(&b',').as_slice(), b"]"].concat(),
        Some(b'"') => string(rest).to_vec(),
        _ => word(rest).to_vec(),
    }
}

/// Removes a string with its quotes.
pub(super) fn string<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let mut is_escaped = false;
    let end = rest.iter().skip(1).position(|&byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    take(rest, end.map_or(rest.len(), |end| end + 2))
}

/// Removes a number, or a word such as `null`.
pub(super) fn word<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b':') || byte.is_ascii_whitespace();
    take(rest, rest.iter().position(ends).unwrap_or(rest.len()))
}

/// Removes a list with its brackets.
pub(super) fn items<T>(rest: &mut &[u8], mut item: impl FnMut(&mut &[u8]) -> T) -> Vec<T> {
    let mut items = Vec::new();
    take(rest, 1);
    while let Some(byte) = next(rest) {
        match byte {
            b'}' | b']' => {
                take(rest, 1);
                break;
            }
            b',' => {
                take(rest, 1);
            }
            _ => items.push(item(rest)),
        }
    }
    items
}

/// The next byte that is not a space.
pub(super) fn next(rest: &mut &[u8]) -> Option<u8> {
    *rest = rest.trim_ascii_start();
    rest.first().copied()
}

pub(super) fn take<'a>(rest: &mut &'a [u8], bytes: usize) -> &'a [u8] {
    let (taken, behind) = rest.split_at(bytes.min(rest.len()));
    *rest = behind;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> String {
        canonical(json.as_bytes()).expect("is JSON")
    }

    #[test]
    fn keys_are_sorted_and_spaces_dropped_at_every_depth() {
        let json = r#" { "b" : [ 1 , {"d":null,"c":true} , [ ] ] , "a" : { } } "#;
        assert_eq!(text(json), r#"{"a":{},"b":[1,{"c":true,"d":null},[]]}"#);
        assert_eq!([text("3"), text("\"a b\""), text(" null ")], ["3", "\"a b\"", "null"]);
    }

    #[test]
    fn strings_and_numbers_stay_as_they_are_written() {
        let json = r#"{"a\"}":"x\\","n":-170141183460469231731687303715884105728,"é":"{\"b\":[, ]}"}"#;
        assert_eq!(text(json), json);
        assert_eq!(text("[1.0,1e3,-0.0]"), "[1.0,1e3,-0.0]");
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for json in ["", "{", "[1,]", "{\"a\" 1}", "1 2", "nul"] {
            assert!(canonical(json.as_bytes()).is_err(), "{json}");
        }
    }
}
