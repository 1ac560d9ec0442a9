//! Why JSON could not be decoded, without quoting it.

use std::fmt;

/// How JSON differs from the type it should decode to, without quoting the JSON itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadError {
    what: String,
    line: usize,
    column: usize,
}

impl From<&serde_json::Error> for PayloadError {
    fn from(error: &serde_json::Error) -> Self {
        Self { what: redacted(error), line: error.line(), column: error.column() }
    }
}

impl PayloadError {
    /// The error of code that panicked on it.
    pub(crate) fn panicked() -> Self {
        Self { what: String::from("the code that reads it panicked"), line: 0, column: 0 }
    }

    /// The error of JSON that decodes, but to something other than what was encoded.
    pub(crate) fn another_value() -> Self {
        Self { what: String::from("a value reads back as a different one"), line: 0, column: 0 }
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return f.write_str(&self.what);
        }
        write!(f, "{} at line {} column {}", self.what, self.line, self.column)
    }
}

impl std::error::Error for PayloadError {}

/// Keeps of serde's message what the type's author wrote (field names, expected types) and drops what came
/// from the payload (values, unknown keys, the text of custom errors).
fn redacted(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
    match error.classify() {
        Category::Eof => "it ends too early".into(),
        Category::Syntax => "it is not JSON of this shape".into(),
        Category::Io => "it cannot be read".into(),
        Category::Data => {
            for kind in ["missing field", "duplicate field"] {
                if message.starts_with(kind) {
                    return message.to_owned();
                }
            }
            for kind in
                ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"]
            {
                if message.starts_with(kind) {
                    return match message.rsplit_once(", expected ") {
                        Some((_, expected)) => format!("{kind}, expected {expected}"),
                        None => kind.into(),
                    };
                }
            }
            "a value is not allowed".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its decoding is of interest")]
    struct Payment {
        amount: i64,
        kind: PaymentKind,
    }

    #[derive(Debug, Deserialize)]
    enum PaymentKind {
        Small,
        Large,
    }

    #[test]
    fn a_payload_error_says_what_is_expected_and_never_what_was_found() {
        let text = |json: &str| {
            let error = serde_json::from_str::<Payment>(json).expect_err("does not fit");
            PayloadError::from(&error).to_string()
        };
        assert_eq!(text(r#"{"kind":"Small"}"#), "missing field `amount` at line 1 column 16");
        assert_eq!(text(r#"{"amount":"secret"}"#), "invalid type, expected i64 at line 1 column 18");
        assert_eq!(
            text(r#"{"kind":"secret"}"#),
            "unknown variant, expected `Small` or `Large` at line 1 column 16"
        );
        assert_eq!(text(r#"{"secret":1}"#), "unknown field, expected `amount` or `kind` at line 1 column 9");
        assert!(!text(r#"{"amount":"a, expected secret"}"#).contains("secret"));
        assert_eq!(text("{"), "it ends too early at line 1 column 1");
    }
}
