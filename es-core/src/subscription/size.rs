//! How many events the next page asks for.

/// The first page.
const FIRST: usize = 250;
/// While there is more, a page asks for so many times what the one before it asked for.
const GROWTH: usize = 4;
/// What the payloads of a page are to come to at most, in bytes, as far as those of the page before tell.
const BYTES: usize = 4 << 20;

/// The size of pages: small while little is known of the events, then as large as pays, but not more than
/// memory should hold.
#[derive(Debug)]
pub(super) struct PageSize {
    most: usize,
    next: usize,
}

impl PageSize {
    /// What a page holds at most.
    pub(super) const MOST: usize = 4_000;

    pub(super) const fn new() -> Self {
        Self { most: Self::MOST, next: FIRST }
    }

    pub(super) fn most(&mut self, most: usize) {
        self.most = most.max(1);
        self.next = self.next.min(self.most);
    }

    pub(super) const fn next(&self) -> usize {
        self.next
    }

    /// A page has come, with so many bytes of payload.
    pub(super) fn took(&mut self, events: usize, bytes: usize) {
        if events >= self.next {
            self.next = self.next.saturating_mul(GROWTH);
        }
        let each = bytes.checked_div(events).unwrap_or(0);
        let fitting = BYTES.checked_div(each).unwrap_or(usize::MAX);
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
        assert_eq!(asked, [250, 1_000, 4_000, 4_000]);
        size.took(7, 700);
        assert_eq!(size.next(), 4_000, "the end was near");
    }

    #[test]
    fn pages_of_large_events_are_small() {
        let mut size = PageSize::new();
        size.took(250, 250 << 20);
        assert_eq!(size.next(), 4, "a megabyte each");
        size.took(4, 4 << 23);
        assert_eq!(size.next(), 1, "more than a page should hold");
        for _ in 0..6 {
            size.took(size.next(), 0);
        }
        assert_eq!(size.next(), 4_000, "and small ones again");
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
