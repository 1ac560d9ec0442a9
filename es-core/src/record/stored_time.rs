//! The times that every store can hold.

use time::OffsetDateTime;
use time::macros::datetime;

/// PostgreSQL's `timestamptz` begins here.
const EARLIEST: OffsetDateTime = datetime!(-4713-11-24 00:00 UTC);
/// The last second that every part of a program can write as text.
const LATEST: OffsetDateTime = datetime!(9999-12-31 23:59:59 UTC);

/// A time as every store keeps it: in UTC and whole microseconds, the rest rounded down, toward the past.
/// `None` if it is not between -4713-11-24T00:00:00Z and 9999-12-31T23:59:59.999999Z, which is what every
/// store can hold.
///
/// A [`Repository`](crate::Repository) calls it before a command is decided, so that a command returns the
/// same times as every later read. A store calls it on
/// [`Metadata::occurred_at`](crate::Metadata::occurred_at) and on its own clock.
///
/// ```
/// use es_core::record::stored_time;
/// use time::macros::datetime;
///
/// let local = datetime!(1999-12-31 23:59:59.999_999_9 -5);
/// assert_eq!(stored_time(local), Some(datetime!(2000-01-01 04:59:59.999_999 UTC)));
/// assert_eq!(stored_time(datetime!(9999-12-31 23:59:59 -5)), None);
/// ```
#[must_use]
pub fn stored_time(time: OffsetDateTime) -> Option<OffsetDateTime> {
    let seconds = time.unix_timestamp();
    if seconds < EARLIEST.unix_timestamp() || seconds > LATEST.unix_timestamp() {
        return None;
    }
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.replace_microsecond(time.microsecond()).ok()
}

/// The current time, as every store keeps it: [`stored_time`] of this machine's clock.
///
/// ```
/// use es_core::record::{stored_now, stored_time};
///
/// let now = stored_now();
/// assert_eq!(stored_time(now), Some(now));
/// ```
#[must_use]
pub fn stored_now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    stored_time(now).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_brought_to_utc_and_rounded_down_on_both_sides_of_every_epoch() {
        let same = |given, stored| {
            let found = stored_time(given);
            assert_eq!(found, Some(stored));
            assert!(found.is_some_and(|found| found.offset().is_utc()));
        };
        same(datetime!(1969-12-31 23:59:59.999_999_999 UTC), datetime!(1969-12-31 23:59:59.999_999 UTC));
        same(datetime!(1999-12-31 23:59:59.999_999_600 UTC), datetime!(1999-12-31 23:59:59.999_999 UTC));
        same(datetime!(2000-01-01 00:00:00.000_000_600 UTC), datetime!(2000-01-01 00:00 UTC));
        same(datetime!(2024-02-29 01:30:00.5 +5:45), datetime!(2024-02-28 19:45:00.5 UTC));
    }

    #[test]
    fn the_ends_of_the_range_are_in_it_and_what_is_beyond_is_not() {
        let latest = datetime!(9999-12-31 23:59:59.999_999_999 UTC);
        assert_eq!(stored_time(latest), Some(datetime!(9999-12-31 23:59:59.999_999 UTC)));
        assert_eq!(stored_time(datetime!(9999-12-31 23:59:59 +1)), Some(datetime!(9999-12-31 22:59:59 UTC)));
        assert_eq!(stored_time(datetime!(9999-12-31 23:59:59 -0:00:01)), None);
        assert_eq!(stored_time(EARLIEST), Some(EARLIEST));
        assert_eq!(stored_time(datetime!(-4713-11-23 23:59:59.999_999 UTC)), None);
        assert_eq!(stored_time(datetime!(-4713-11-24 00:00 +0:00:01)), None);
        assert_eq!(stored_time(datetime!(-9999-01-01 00:00 UTC)), None);
    }
}
