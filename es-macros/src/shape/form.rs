//! The forms that `#[shape("…")]` may declare. `es_core::shape::Type::declared` parses the same.

use syn::{Error, LitStr, Result};

use crate::keys;

const WORDS: [&str; 22] = [
    "any", "bool", "char", "null", "number", "string", "f32", "f64", "i8", "i16", "i32", "i64", "i128",
    "isize", "u8", "u16", "u32", "u64", "u128", "usize", "object", "array",
];
const WRAPPERS: [&str; 4] = ["option", "list", "set", "map"];

pub(super) fn check(literal: &LitStr) -> Result<()> {
    read(literal.value().trim()).map_err(|problem| Error::new_spanned(literal, problem))
}

fn read(form: &str) -> std::result::Result<(), String> {
    if let Some((outer, inner)) = form.split_once('<') {
        let Some(inner) = inner.strip_suffix('>') else {
            return Err(format!("`{form}` is not a form: a `>` is missing; add it"));
        };
        return match outer.trim() {
            "map" => {
                let Some((key, value)) = inner.split_once(',') else {
                    return Err("a map has keys and values; write `map<string, i64>`".into());
                };
                read(key.trim()).and_then(|()| read(value.trim()))
            }
            "option" | "list" | "set" => read(inner.trim()),
            other => Err(keys::unknown_word("there is no form", other, &WRAPPERS)),
        };
    }
    let (word, format) = form.split_once(':').map_or((form, None), |(word, format)| (word, Some(format)));
    if !WORDS.contains(&word) {
        return Err(match keys::nearest(word, &WORDS) {
            Some(near) => format!("there is no form `{word}`; did you mean `{near}`?"),
            None => format!(
                "there is no form `{word}`; write a word such as `string`, `string:date-time`, `i64`, `bool` \
                 or `any`, or `option<…>`, `list<…>`, `set<…>`, `map<…, …>` of those"
            ),
        });
    }
    let is_format = |format: &str| {
        !format.is_empty()
            && format.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
    };
    if format.is_some_and(|format| !is_format(format)) {
        return Err(format!(
            "the format after `{word}:` may only contain letters, digits, `-`, `_` and `.`; write one like \
             `string:date-time`"
        ));
    }
    Ok(())
}
