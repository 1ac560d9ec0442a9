//! The size of the next page.

/// The first page, when nothing is known of the events.
const FIRST: usize = 64;
/// While there is more, each page is this many times as large as the one before.
const GROWTH: usize = 4;
/// The size of pages: small while little is known of the events, then as large as is worthwhile, within the
/// memory limit.
#[derive(Debug)]
pub(super) struct PageSize {
    most: usize,
    bytes: usize,
    next: usize,
}

impl PageSize {
    /// The maximum number of events of a page.
    pub(super) const MOST: usize = 4_000;
    /// The maximum size of its payloads and metadata, if it holds more than one event.
    pub(super) const BYTES: usize = 4 << 20;

    pub(super) const fn new() -> Self {
        Self { most: Self::MOST, bytes: Self::BYTES, next: FIRST }
    }

    pub(super) fn most(&mut self, most: usize) {
        self.most = most.max(1);
        self.next = self.next.min(self.most);
    }

    pub(super) const fn most_bytes(&mut self, most: usize) {
        self.bytes = most;
    }

    pub(super) const fn next(&self) -> usize {
        self.next
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Records a page of this many bytes. The next page asks for no more than is likely to fit, so that a
    /// store need not stop halfway.
    pub(super) fn took(&mut self, events: usize, bytes: usize) {
        if events >= self.next {
            self.next = self.next.saturating_mul(GROWTH);
        }
        let each = bytes.checked_div(events).unwrap_or(0);
        let fitting = self.bytes.checked_div(each).unwrap_or(usize::MAX);
        self.next = self.next.min(fitting).clamp(1, self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_grow_while_there_is_more() {
        let mut size = PageSize::new();
        let mut asked = Vec::new();
        for _ in 0..4 {
            asked.push(size.next());
            size.took(size.next(), size.next() * 100);
        }
        assert_eq!(asked, [64, 256, 1_024, 4_000]);
        size.took(7, 700);
        assert_eq!(size.next(), 4_000, "the end was near");
    }

    #[test]
    fn pages_of_large_events_are_small() {
        let mut size = PageSize::new();
        size.took(64, 64 << 20);
        assert_eq!(size.next(), 4, "a megabyte each");
        size.took(4, 4 << 23);
        assert_eq!(size.next(), 1, "more than a page should hold");
        for _ in 0..6 {
            size.took(size.next(), 0);
        }
        assert_eq!(size.next(), 4_000, "and small ones again");
    }

    #[test]
    fn pages_have_as_many_bytes_as_was_said() {
        let mut size = PageSize::new();
        size.most_bytes(1_000);
        size.took(64, 6_400);
        assert_eq!((size.next(), size.bytes()), (10, 1_000));
        size.most_bytes(0);
        size.took(10, 1_000);
        assert_eq!(size.next(), 1);
    }

    #[test]
    fn nobody_gets_more_than_was_asked_for() {
        let mut size = PageSize::new();
        size.most(5);
        assert_eq!(size.next(), 5);
        size.took(5, 5);
        assert_eq!(size.next(), 5);
        size.most(0);
        assert_eq!(size.next(), 1);
    }
}
