//! What a value means, told without serde and without the names in the program.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

/// A type whose values say what they mean.
///
/// Generated types use numbers for their parts, which a field or a variant keeps through every change of the
/// program. So a field that is renamed has the same meaning, and two fields that exchange their names on the
/// wire do not.
pub trait Mean {
    /// Appends the meaning.
    fn mean(&self, out: &mut String);

    /// The meaning alone.
    fn meaning(&self) -> String {
        let mut out = String::new();
        self.mean(&mut out);
        out
    }
}

macro_rules! shown {
    ($($plain:ty),*) => { $(
        impl Mean for $plain {
            fn mean(&self, out: &mut String) {
                // Writing to a string cannot fail.
                let _ = write!(out, "{self:?}");
            }
        }
    )* };
}
shown!(u8, u16, u32, u64, i8, i16, i32, i64, f64, bool, char, str, String, ());

impl<T: Mean> Mean for Option<T> {
    fn mean(&self, out: &mut String) {
        match self {
            None => out.push_str("none"),
            Some(value) => each("some(", [value], ")", out),
        }
    }
}

impl<T: Mean> Mean for Vec<T> {
    fn mean(&self, out: &mut String) {
        each("[", self, "]", out);
    }
}

impl<T: Mean> Mean for VecDeque<T> {
    fn mean(&self, out: &mut String) {
        each("[", self, "]", out);
    }
}

impl<T: Mean> Mean for BTreeSet<T> {
    fn mean(&self, out: &mut String) {
        each("[", self, "]", out);
    }
}

impl<T: Mean, const LEN: usize> Mean for [T; LEN] {
    fn mean(&self, out: &mut String) {
        each("[", self, "]", out);
    }
}

impl<K: Mean, V: Mean> Mean for BTreeMap<K, V> {
    fn mean(&self, out: &mut String) {
        let pairs: Vec<String> =
            self.iter().map(|(key, value)| format!("{}: {}", key.meaning(), value.meaning())).collect();
        let _ = write!(out, "{{{}}}", pairs.join(", "));
    }
}

impl<T: Mean> Mean for Box<T> {
    fn mean(&self, out: &mut String) {
        T::mean(self, out);
    }
}

impl<A: Mean, B: Mean> Mean for (A, B) {
    fn mean(&self, out: &mut String) {
        let _ = write!(out, "({}, {})", self.0.meaning(), self.1.meaning());
    }
}

fn each<'a, T: Mean + 'a>(
    open: &str,
    values: impl IntoIterator<Item = &'a T>,
    close: &str,
    out: &mut String,
) {
    out.push_str(open);
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        value.mean(out);
    }
    out.push_str(close);
}
