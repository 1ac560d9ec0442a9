//! Rate-limited log lines, which could otherwise be written once per command.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::latch::hold;

/// How often one is written.
const INTERVAL: Duration = Duration::from_secs(60);

/// Lets a line about the same thing through once a minute, and counts those that were left out.
///
/// ```
/// use es_core::__private::Seldom;
///
/// static SAID: Seldom = Seldom::new();
/// assert_eq!(SAID.due("account"), Some(0), "the first one");
/// assert_eq!(SAID.due("account"), None);
/// assert_eq!(SAID.due("order"), Some(0), "of something else");
/// ```
#[derive(Debug, Default)]
pub struct Seldom {
    said: Mutex<BTreeMap<&'static str, LastLine>>,
}

#[derive(Debug)]
struct LastLine {
    last: Instant,
    left_out: u64,
}

impl Seldom {
    /// Nothing was logged yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { said: Mutex::new(BTreeMap::new()) }
    }

    /// Whether a line about `what` is due, and how many were left out since the last one.
    #[must_use]
    pub fn due(&self, what: &'static str) -> Option<u64> {
        self.due_at(what, Instant::now())
    }

    fn due_at(&self, what: &'static str, now: Instant) -> Option<u64> {
        let mut all = hold(&self.said);
        let Some(said) = all.get_mut(what) else {
            all.insert(what, LastLine { last: now, left_out: 0 });
            return Some(0);
        };
        if now.duration_since(said.last) < INTERVAL {
            said.left_out += 1;
            return None;
        }
        said.last = now;
        Some(std::mem::take(&mut said.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_again_and_again_is_said_once_a_minute() {
        let (said, begin) = (Seldom::new(), Instant::now());
        let at = [0, 1, 59, 60, 61, 119, 120, 300]
            .map(|second| said.due_at("lost", begin + Duration::from_secs(second)));
        assert_eq!(at, [Some(0), None, None, Some(2), None, None, Some(2), Some(0)]);
        assert_eq!(said.due_at("another", begin), Some(0));
    }
}
