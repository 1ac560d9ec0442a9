//! Values without parts.

use serde_json::{Number, Value};

use super::walk::Side;
use super::{formats, misfit};

const OUT_OF_RANGE: &str = "a number out of its range";

/// What was found instead of a value of this word.
pub(super) fn check(word: &str, value: &Value, side: Side) -> Result<(), &'static str> {
    let (word, format) = word.split_once(':').map_or((word, None), |(word, format)| (word, Some(format)));
    let fits = match (word, value) {
        ("any", _)
        | ("null", Value::Null)
        | ("bool", Value::Bool(_))
        | ("number", Value::Number(_))
        | ("object", Value::Object(_))
        | ("array", Value::Array(_)) => true,
        ("char", Value::String(text)) => {
            let mut letters = text.chars();
            if letters.next().is_none() || letters.next().is_some() {
                return Err("a string of another length");
            }
            true
        }
        ("string", Value::String(text)) => {
            if format.is_some_and(|format| !formats::fits(format, text)) {
                return Err("a string of another format");
            }
            true
        }
        ("f32" | "f64", Value::Number(number)) if side == Side::Read => number.as_f64().is_some(),
        // A float is never written without a fraction or an exponent.
        ("f64", Value::Number(number)) => number.is_f64(),
        ("f32", Value::Number(number)) if number.is_f64() => {
            if !number.as_f64().is_some_and(is_f32) {
                return Err(OUT_OF_RANGE);
            }
            true
        }
        (word, Value::Number(number)) => match bits(word) {
            Some(bits) => return whole_number(number, bits, Sign::of(word), format),
            None => false,
        },
        _ => false,
    };
    if fits { Ok(()) } else { Err(misfit::kind(value)) }
}

fn whole_number(number: &Number, bits: u32, sign: Sign, format: Option<&str>) -> Result<(), &'static str> {
    let Some(whole) = whole(number, bits) else { return Err(misfit::kind(&Value::Number(number.clone()))) };
    let is_refused_zero = whole.size == 0 && format == Some("nonzero");
    if range(bits, sign, whole) && !is_refused_zero { Ok(()) } else { Err(OUT_OF_RANGE) }
}

/// Whether numbers of a type can be negative.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Signed,
    Unsigned,
}

impl Sign {
    fn of(word: &str) -> Self {
        if word.starts_with('i') { Self::Signed } else { Self::Unsigned }
    }
}

/// A whole number of any size.
#[derive(Clone, Copy)]
struct Whole {
    is_negative: bool,
    size: u128,
    /// Read as a float, which keeps its first digits only.
    is_rounded: bool,
}

/// JSON values hold whole numbers beyond 64 bits as floats.
fn whole(number: &Number, bits: u32) -> Option<Whole> {
    if let Some(size) = number.as_u128() {
        return Some(Whole { is_negative: false, size, is_rounded: false });
    }
    if let Some(small) = number.as_i128() {
        return Some(Whole { is_negative: small < 0, size: small.unsigned_abs(), is_rounded: false });
    }
    const BEYOND_64_BITS: f64 = 9_223_372_036_854_775_808.0;
    let float = number.as_f64().filter(|float| bits == 128 && float.abs() >= BEYOND_64_BITS)?;
    // 2^128 is what the largest number is rounded to, and the cast brings it back.
    let is_in_reach = float.abs() <= 2.0_f64.powi(128);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let size = float.abs() as u128;
    is_in_reach.then_some(Whole { is_negative: float < 0.0, size, is_rounded: true })
}

/// The width of the integer type of this word.
fn bits(word: &str) -> Option<u32> {
    match word.strip_prefix(['i', 'u'])? {
        "8" => Some(8),
        "16" => Some(16),
        "32" => Some(32),
        "64" | "size" => Some(64),
        "128" => Some(128),
        _ => None,
    }
}

fn range(bits: u32, sign: Sign, Whole { is_negative, size, is_rounded }: Whole) -> bool {
    // All ones, then half of them for a signed number, whose least one is one further from zero.
    let is_signed = sign == Sign::Signed;
    let unsigned = u128::MAX >> (128 - bits);
    let most = if is_signed { unsigned >> 1 } else { unsigned };
    if is_negative {
        return is_signed && size <= most + 1;
    }
    size <= most || is_signed && is_rounded && size == most + 1
}

/// Whether it is what an `f32` is written as: its shortest digits, or all of them.
fn is_f32(float: f64) -> bool {
    #[allow(clippy::cast_possible_truncation)]
    let narrow = float as f32;
    let shortest = narrow.to_string().parse::<f64>();
    narrow.is_finite()
        && (f64::from(narrow).to_bits() == float.to_bits()
            || shortest.is_ok_and(|shortest| shortest.to_bits() == float.to_bits()))
}
