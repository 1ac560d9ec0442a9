//! Forms declared by the user: `#[shape("string:date-time")]`.

use super::Type;

/// The words of values without parts.
const WORDS: [&str; 22] = [
    "any", "bool", "char", "null", "number", "string", "f32", "f64", "i8", "i16", "i32", "i64", "i128",
    "isize", "u8", "u16", "u32", "u64", "u128", "usize", "object", "array",
];

/// A declared form that is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{form}` is not a form; write a word such as `string`, `string:date-time`, `i64` or `any`, or \
     `option<…>`, `list<…>`, `set<…>`, `map<…, …>` of those"
)]
pub struct InvalidForm {
    form: String,
}

impl Type {
    /// Reads a form such as `option<string:date-time>`.
    ///
    /// # Errors
    ///
    /// [`InvalidForm`] when it is invalid.
    pub fn declared(form: &str) -> Result<Self, InvalidForm> {
        let form = form.trim();
        read(form).ok_or_else(|| InvalidForm { form: form.to_owned() })
    }
}

fn read(form: &str) -> Option<Type> {
    if let Some((outer, inner)) = form.strip_suffix('>').and_then(|form| form.split_once('<')) {
        let one = || read(inner.trim()).map(Box::new);
        return match outer.trim() {
            "option" => Some(Type::Optional(one()?)),
            "list" => Some(Type::List(one()?)),
            "set" => Some(Type::Set(one()?)),
            "map" => {
                // A key has no parts, so the first comma ends it.
                let (key, value) = inner.split_once(',')?;
                Some(Type::Map(Box::new(read(key.trim())?), Box::new(read(value.trim())?)))
            }
            _ => None,
        };
    }
    let (word, format) = form.split_once(':').map_or((form, None), |(word, format)| (word, Some(format)));
    let is_format = |format: &str| {
        !format.is_empty() && format.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    (WORDS.contains(&word) && format.is_none_or(is_format)).then(|| Type::Plain(form.to_owned().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_form_is_read_or_refused() {
        let text = |form: &str| Type::declared(form).map(|form| super::super::Types::default().inline(&form));
        for form in ["string", "string:date-time", "option<list<i64>>", "map<string, set<u8:nonzero>>", "any"]
        {
            assert_eq!(text(form).as_deref(), Ok(form));
        }
        for form in ["", "strin", "string:", "string:a b", "option<>", "map<string>", "list<string", "i64>"] {
            assert!(text(form).is_err(), "{form}");
        }
    }
}
