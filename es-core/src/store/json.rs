//! Which JSON every store can hold.

use serde::de::IgnoredAny;

use crate::record::BoxError;

/// How deeply arrays and objects may be nested: the limit of readers.
const DEPTH: usize = 127;

/// Rejects what is not JSON text, or is nested more deeply than readers accept. The error does not quote it.
pub(super) fn check(json: &[u8]) -> Result<(), BoxError> {
    let text = std::str::from_utf8(json)?;
    serde_json::from_str::<IgnoredAny>(text)?;
    // With fewer brackets than that, the nesting need not be checked.
    if memchr::memchr2_iter(b'[', b'{', json).count() > DEPTH && depth(json) > DEPTH {
        return Err(format!("arrays and objects are nested more than {DEPTH} levels deep").into());
    }
    Ok(())
}

fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text) = (0_usize, 0, false);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_text = !in_text,
            // The character after a backslash belongs to its escape.
            b'\\' => drop(bytes.next()),
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Whether JSON text has the escape of a NUL character in one of its strings.
pub(super) fn holds_nul(json: &[u8]) -> bool {
    let mut at = 0;
    while let Some(next) = memchr::memchr(b'\\', &json[at..]) {
        let escape = at + next;
        if json[escape + 1..].starts_with(b"u0000") {
            return true;
        }
        // The character after a backslash belongs to its escape: `\\u0000` is a backslash and five letters.
        at = (escape + 2).min(json.len());
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_escape_of_a_nul_character_is_one() {
        assert!(holds_nul(br#"{"a":"\u0000"}"#));
        assert!(holds_nul(br#"{"a":"\\\u0000"}"#));
        assert!(!holds_nul(br#"{"a":"\\u0000"}"#));
        assert!(!holds_nul(br#"{"a":"\u0001"}"#));
        assert!(!holds_nul(br#"{"a":"x\"#));
    }

    #[test]
    fn only_brackets_outside_of_text_count() {
        assert_eq!(depth(br#"[{"a[\"[[": []}, [1]]"#), 3);
        assert_eq!(depth(b"1"), 0);
        let flat = format!("[{}]", ["[]"; 500].join(","));
        assert!(check(flat.as_bytes()).is_ok());
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(check(deep(DEPTH).as_bytes()).is_ok());
        assert!(check(deep(DEPTH + 1).as_bytes()).is_err());
        let value = |levels: usize| serde_json::from_str::<serde_json::Value>(&deep(levels)).is_ok();
        assert!(value(DEPTH) && !value(DEPTH + 1), "as readers have it");
    }
}
