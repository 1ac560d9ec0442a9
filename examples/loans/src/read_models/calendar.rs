//! Days and months, in UTC.

use es_core::time::OffsetDateTime;
use time::{Date, UtcOffset};

/// The day.
pub(super) fn day(at: OffsetDateTime) -> Date {
    at.to_offset(UtcOffset::UTC).date()
}

/// The first day of the month.
pub(super) fn month(at: OffsetDateTime) -> Date {
    let day = day(at);
    // Every month has a first day.
    day.replace_day(1).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn what_happens_before_midnight_in_utc_is_of_the_day_before() {
        let at = datetime!(2011-10-01 00:38:44.546 +2);
        assert_eq!((day(at), month(at)), (date!(2011 - 09 - 30), date!(2011 - 09 - 01)));
    }
}
