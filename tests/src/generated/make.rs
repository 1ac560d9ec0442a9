//! Random values of the types that generated programs hold.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The source of random values, which a seed determines.
#[derive(Debug, Clone)]
pub struct Random {
    numbers: fastrand::Rng,
    depth: u32,
}

/// Values deeper than this hold no further ones.
const DEEPEST: u32 = 12;

impl Random {
    /// The values that follow from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { numbers: fastrand::Rng::with_seed(seed), depth: 0 }
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.numbers.usize(..bound)
    }

    /// A part of the value that is being made.
    pub fn part<T: Make>(&mut self) -> T {
        self.depth += 1;
        let part = T::make(self);
        self.depth -= 1;
        part
    }

    /// The value that a seed determines, whatever was made before.
    #[must_use]
    pub fn fixed<T: Make>(seed: u64) -> T {
        T::make(&mut Self::new(seed))
    }

    fn len(&mut self) -> usize {
        if self.depth > DEEPEST { 0 } else { self.below(3) }
    }

    fn many<T: Make, C: FromIterator<T>>(&mut self) -> C {
        (0..self.len()).map(|_| self.part()).collect()
    }
}

/// A type with random values.
pub trait Make: Sized {
    /// One of them.
    fn make(random: &mut Random) -> Self;
}

macro_rules! numbers {
    ($($number:ident)*) => { $(
        impl Make for $number {
            fn make(random: &mut Random) -> Self {
                match random.below(6) {
                    0 => 0,
                    1 => 1,
                    2 => Self::MAX,
                    3 => Self::MIN,
                    4 => random.numbers.$number(0..10),
                    _ => random.numbers.$number(..),
                }
            }
        }
    )* };
}
numbers!(u8 u16 u32 u64 i8 i16 i32 i64);

impl Make for bool {
    fn make(random: &mut Random) -> Self {
        random.numbers.bool()
    }
}

impl Make for f64 {
    fn make(random: &mut Random) -> Self {
        match random.below(4) {
            0 => 0.0,
            1 => 1.0,
            2 => -0.5,
            _ => random.numbers.f64(),
        }
    }
}

impl Make for char {
    fn make(random: &mut Random) -> Self {
        ['a', 'Z', '0', '"', 'ß', '\u{1f4b6}'][random.below(6)]
    }
}

impl Make for String {
    fn make(random: &mut Random) -> Self {
        // Some of them look like other values, and like names that generated types have.
        const TEXTS: [&str; 10] =
            ["", "a", "7", "-1", "true", "null", "Web", "amount", "kind", "line\n\u{1f4b6}"];
        TEXTS[random.below(TEXTS.len())].into()
    }
}

impl Make for () {
    fn make(_: &mut Random) -> Self {}
}

impl<T: Make> Make for Option<T> {
    fn make(random: &mut Random) -> Self {
        (random.depth <= DEEPEST && random.below(3) > 0).then(|| random.part())
    }
}

impl<T: Make> Make for Vec<T> {
    fn make(random: &mut Random) -> Self {
        random.many()
    }
}

impl<T: Make> Make for VecDeque<T> {
    fn make(random: &mut Random) -> Self {
        random.many()
    }
}

impl<T: Make + Ord> Make for BTreeSet<T> {
    fn make(random: &mut Random) -> Self {
        random.many()
    }
}

impl<K: Make + Ord, V: Make> Make for BTreeMap<K, V> {
    fn make(random: &mut Random) -> Self {
        random.many()
    }
}

impl<T: Make, const LEN: usize> Make for [T; LEN] {
    fn make(random: &mut Random) -> Self {
        std::array::from_fn(|_| random.part())
    }
}

impl<T: Make> Make for Box<T> {
    fn make(random: &mut Random) -> Self {
        Self::new(T::make(random))
    }
}

impl<A: Make, B: Make> Make for (A, B) {
    fn make(random: &mut Random) -> Self {
        (random.part(), random.part())
    }
}
