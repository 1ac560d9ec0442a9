//! Checks that the compiler evaluates: names and versions of events.
//!
//! Each step of constant code costs the user's build, and a lint stops a check that takes two million of
//! them.

/// Events as generated code lists them: the type, and the names of the event, current and former.
pub type Names<'a> = &'a [(&'a str, (&'a str, &'a [&'a str]))];

/// Stops the build when an event does not follow the previous version.
#[track_caller]
pub const fn check_previous(
    previous: &str,
    found_name: &str,
    found_was: &[&str],
    found: u32,
    name: &str,
    was: &[&str],
    version: u32,
) {
    check_present_name(previous, found_name, name, was);
    check_earlier_names(previous, found_was, name, was);
    if found + 1 != version {
        let text = ConstText::new()
            .with("version ")
            .with_number(version)
            .with(" cannot follow version ")
            .with_number(found)
            .with(", which `")
            .with(previous)
            .with("` is; write `version = ")
            .with_number(found + 1)
            .with("`, or name the struct of version ")
            .with_number(version - 1)
            .with(" with `previous`");
        panic!("{}", text.as_str());
    }
}

#[track_caller]
const fn check_present_name(previous: &str, found_name: &str, name: &str, was: &[&str]) {
    if !same(found_name, name) && !contains(was, found_name) {
        let text = ConstText::new()
            .with("`")
            .with(previous)
            .with("` is the event `")
            .with(found_name)
            .with("`, not an older version of `")
            .with(name)
            .with("`; give both the same name, write `was(\"")
            .with(found_name)
            .with("\")` if this is its earlier name, or name another struct with `previous`");
        panic!("{}", text.as_str());
    }
}

#[track_caller]
const fn check_earlier_names(previous: &str, found_was: &[&str], name: &str, was: &[&str]) {
    let mut at = 0;
    while at < found_was.len() {
        if !same(found_was[at], name) && !contains(was, found_was[at]) {
            let text = ConstText::new()
                .with("`")
                .with(previous)
                .with("` was `")
                .with(found_was[at])
                .with("` before, and this version does not say so; add it here: `was(\"")
                .with(found_was[at])
                .with("\")`");
            panic!("{}", text.as_str());
        }
        at += 1;
    }
}

/// Stops the build when an event is written as a previous version that is not written under its own number
/// and name.
#[track_caller]
pub const fn check_written(previous: &str, found_name: &str, version: u32, written: u32, name: &str) {
    if !same(found_name, name) {
        let text = ConstText::new()
            .with("programs that know version ")
            .with_number(version)
            .with(" know it as `")
            .with(found_name)
            .with("`, and it would be written as `")
            .with(name)
            .with("`; leave the name as it is until `write_as` is gone");
        panic!("{}", text.as_str());
    }
    if version != written {
        let text = ConstText::new()
            .with("`")
            .with(previous)
            .with("` is itself written as version ")
            .with_number(written)
            .with("; remove its `write_as`");
        panic!("{}", text.as_str());
    }
}

/// The size of the table of [`taken`]: a power of two, at least twice the number of names.
#[must_use]
pub const fn slots(events: Names<'_>) -> usize {
    let (mut names, mut at) = (events.len(), 0);
    while at < events.len() {
        names += events[at].1.1.len();
        at += 1;
    }
    (names * 2).next_power_of_two()
}

/// For each event, whether a previous one has one of its names. The number of steps grows with the length of
/// the names, not with the number of their pairs.
#[must_use]
pub const fn taken<const SLOTS: usize, const EVENTS: usize>(events: Names<'_>) -> [bool; EVENTS] {
    let mut table = Table { slots: [None; SLOTS] };
    let mut taken = [false; EVENTS];
    let mut index = 0;
    while index < EVENTS {
        let (_, (name, was)) = events[index];
        taken[index] = table.is_another(name, index);
        let mut at = 0;
        while at < was.len() {
            taken[index] |= table.is_another(was[at], index);
            at += 1;
        }
        index += 1;
    }
    taken
}

/// Names with the event that had each of them first.
struct Table<'a, const SLOTS: usize> {
    slots: [Option<(u64, &'a str, usize)>; SLOTS],
}

impl<'a, const SLOTS: usize> Table<'a, SLOTS> {
    /// Adds a name, or returns whether it is that of another event.
    const fn is_another(&mut self, name: &'a str, event: usize) -> bool {
        let hash = hash(name);
        let mut at = hash;
        loop {
            #[allow(clippy::cast_possible_truncation, reason = "the remainder is less than `SLOTS`")]
            let slot = &mut self.slots[(at % SLOTS as u64) as usize];
            match *slot {
                Some((other_hash, other, owner)) => {
                    if other_hash == hash && same(other, name) {
                        return owner != event;
                    }
                }
                None => {
                    *slot = Some((hash, name, event));
                    return false;
                }
            }
            at = at.wrapping_add(1);
        }
    }
}

/// Eight bytes at a time.
const fn hash(name: &str) -> u64 {
    let mut rest = name.as_bytes();
    let mut hash = rest.len() as u64;
    while let Some((eight, behind)) = rest.split_first_chunk() {
        hash = mix(hash, u64::from_le_bytes(*eight));
        rest = behind;
    }
    while let Some((byte, behind)) = rest.split_first() {
        hash = mix(hash, *byte as u64);
        rest = behind;
    }
    hash
}

const fn mix(hash: u64, bytes: u64) -> u64 {
    /// The golden ratio: each bit of a factor ends up in the upper half of the product.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let product = (hash.rotate_left(5) ^ bytes).wrapping_mul(FACTOR);
    product ^ (product >> 32)
}

/// Stops the build when the event at `index` shares a current or former name with a previous one, as returned
/// by [`taken`].
#[track_caller]
pub const fn check_name(events: Names<'_>, taken: &[bool], index: usize) {
    if taken[index] {
        report_name(events, index);
    }
}

#[track_caller]
const fn report_name(events: Names<'_>, index: usize) {
    let (this, (name, was)) = events[index];
    let mut before = 0;
    while before < index {
        let (other, (other_name, other_was)) = events[before];
        if same(other_name, name) {
            let text = ConstText::new()
                .with("`")
                .with(other)
                .with("` and `")
                .with(this)
                .with("` are both the event `")
                .with(name)
                .with("`; list only the newest version, or give one of them another name");
            panic!("{}", text.as_str());
        }
        if contains(other_was, name) {
            collision(other, this, name);
        }
        let mut at = 0;
        while at < was.len() {
            if same(was[at], other_name) {
                collision(this, other, was[at]);
            }
            if contains(other_was, was[at]) {
                let text = ConstText::new()
                    .with("`")
                    .with(other)
                    .with("` and `")
                    .with(this)
                    .with("` were both `")
                    .with(was[at])
                    .with(
                        "`, and an event stored under that name is only one of them; remove it from the \
                         `was(…)` of the other",
                    );
                panic!("{}", text.as_str());
            }
            at += 1;
        }
        before += 1;
    }
}

#[track_caller]
const fn collision(renamed: &str, other: &str, name: &str) -> ! {
    let text = ConstText::new()
        .with("`")
        .with(renamed)
        .with("` was `")
        .with(name)
        .with("` before, which is the name of `")
        .with(other)
        .with("`; give `")
        .with(other)
        .with("` a name that no event ever had, or remove it from the `was(…)` of `")
        .with(renamed)
        .with("`");
    panic!("{}", text.as_str());
}

pub(super) const fn contains(names: &[&str], name: &str) -> bool {
    let mut at = 0;
    while at < names.len() {
        if same(names[at], name) {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether two names are the same, in a const.
pub(super) const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    // From the end, as names differ there: each step of constant code costs the user's build.
    let mut at = left.len();
    while at > 0 {
        at -= 1;
        if left[at] != right[at] {
            return false;
        }
    }
    true
}

/// A message made in constant code, where nothing can be formatted.
pub(super) struct ConstText {
    bytes: [u8; 1024],
    len: usize,
}

impl ConstText {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; 1024], len: 0 }
    }

    pub(super) const fn with(mut self, part: &str) -> Self {
        let part = part.as_bytes();
        let mut at = 0;
        while at < part.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = part[at];
            self.len += 1;
            at += 1;
        }
        self
    }

    pub(super) const fn with_number(self, number: u32) -> Self {
        const DIGITS: &str = "0123456789";
        let before = if number >= 10 { self.with_number(number / 10) } else { self };
        let digit = (number % 10) as usize;
        before.with(DIGITS.split_at(digit).1.split_at(1).0)
    }

    pub(super) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "an event's name or version is wrong",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: usize = 1_000;
    const LENGTH: usize = 200;

    /// Names that differ in four letters at `place`.
    const fn names(place: usize) -> [[u8; LENGTH]; COUNT] {
        let mut names = [[b'x'; LENGTH]; COUNT];
        let mut at = 0;
        while at < COUNT {
            let (mut digit, mut rest) = (0, at);
            while digit < 4 {
                names[at][place + digit] = b"0123456789"[rest % 10];
                rest /= 10;
                digit += 1;
            }
            at += 1;
        }
        names
    }

    const fn events(names: &[[u8; LENGTH]; COUNT]) -> [(&str, (&str, &[&str])); COUNT] {
        let mut events: [(&str, (&str, &[&str])); COUNT] = [("Event", ("", &[])); COUNT];
        let mut at = 0;
        while at < COUNT {
            match std::str::from_utf8(&names[at]) {
                Ok(name) => events[at].1.0 = name,
                Err(_) => panic!("the names are ASCII"),
            }
            at += 1;
        }
        events
    }

    // Evaluated by the compiler, which stops at a check that takes long.
    const SAME_BEGINNING: [bool; COUNT] = {
        static NAMES: [[u8; LENGTH]; COUNT] = names(LENGTH - 4);
        static EVENTS: [(&str, (&str, &[&str])); COUNT] = events(&NAMES);
        taken::<{ slots(&EVENTS) }, COUNT>(&EVENTS)
    };
    const SAME_END: [bool; COUNT] = {
        static NAMES: [[u8; LENGTH]; COUNT] = names(0);
        static EVENTS: [(&str, (&str, &[&str])); COUNT] = events(&NAMES);
        taken::<{ slots(&EVENTS) }, COUNT>(&EVENTS)
    };

    #[test]
    fn a_thousand_long_names_that_are_nearly_the_same_are_told_apart_while_compiling() {
        assert_eq!((SAME_BEGINNING, SAME_END), ([false; COUNT], [false; COUNT]));
    }

    #[test]
    fn a_name_is_taken_by_the_first_event_that_has_it_now_or_had_it_before() {
        let events: Names<'_> = &[
            ("A", ("a", &["old.a", "older.a"])),
            ("B", ("b", &[])),
            ("SameName", ("a", &[])),
            ("NameOfThePast", ("old.a", &[])),
            ("PastOfAName", ("c", &["x", "b"])),
            ("SamePast", ("d", &["older.a"])),
            ("Other", ("e", &["e", "y"])),
        ];
        assert_eq!(slots(events), 32);
        let expected = [false, false, true, true, true, true, false];
        assert_eq!(taken::<32, 7>(events), expected);
        // If the table is as small as possible, the names find their slots as well.
        assert_eq!(taken::<16, 7>(events), expected);
    }
}
