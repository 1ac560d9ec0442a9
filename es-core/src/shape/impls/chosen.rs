//! Types of crates that are enabled by a feature of this one.

#[cfg(any(feature = "bigdecimal", feature = "rust_decimal", feature = "smallvec", feature = "url"))]
use crate::shape::{Shape, Type, Types};

#[cfg(feature = "chrono")]
mod chrono {
    use chrono::{DateTime, Month, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Weekday};

    use crate::shape::{Shape, Type, Types};

    impl<Tz: TimeZone> Shape for DateTime<Tz> {
        fn shape(_: &mut Types) -> Type {
            Type::string("date-time")
        }
    }

    macro_rules! strings {
        ($($ty:ty: $format:literal;)*) => {$(
            impl Shape for $ty {
                fn shape(_: &mut Types) -> Type {
                    Type::string($format)
                }
            }
        )*};
    }

    strings! {
        NaiveDateTime: "local-date-time";
        NaiveDate: "date";
        NaiveTime: "time";
        Month: "month";
        Weekday: "weekday";
    }
}

#[cfg(feature = "rust_decimal")]
impl Shape for rust_decimal::Decimal {
    fn shape(types: &mut Types) -> Type {
        super::crates::as_written(types, &Self::ONE, "decimal", &[])
    }
}

#[cfg(feature = "bigdecimal")]
impl Shape for bigdecimal::BigDecimal {
    fn shape(types: &mut Types) -> Type {
        super::crates::as_written(types, &Self::from(1), "decimal", &[])
    }
}

#[cfg(feature = "url")]
impl Shape for url::Url {
    fn shape(_: &mut Types) -> Type {
        Type::string("url")
    }
}

/// JSON has no bytes, so serde writes them as numbers.
#[cfg(feature = "bytes")]
mod bytes {
    use bytes::{Bytes, BytesMut};

    use crate::shape::{Shape, Type, Types};

    impl Shape for Bytes {
        fn shape(types: &mut Types) -> Type {
            types.list(u8::shape)
        }
    }

    impl Shape for BytesMut {
        fn shape(types: &mut Types) -> Type {
            types.list(u8::shape)
        }
    }
}

#[cfg(feature = "smallvec")]
impl<A: smallvec::Array> Shape for smallvec::SmallVec<A>
where
    A::Item: Shape,
{
    fn shape(types: &mut Types) -> Type {
        types.list(<A::Item as Shape>::shape)
    }
}

#[cfg(feature = "indexmap")]
mod indexmap {
    use indexmap::{IndexMap, IndexSet};

    use crate::shape::{Shape, Type, Types};

    impl<K: Shape, V: Shape, S> Shape for IndexMap<K, V, S> {
        fn shape(types: &mut Types) -> Type {
            types.map(K::shape, V::shape)
        }
    }

    // A list, as its order is part of the value.
    impl<T: Shape, S> Shape for IndexSet<T, S> {
        fn shape(types: &mut Types) -> Type {
            types.list(T::shape)
        }
    }
}

#[cfg(feature = "ordered-float")]
mod ordered_float {
    use ordered_float::{NotNan, OrderedFloat};

    use crate::shape::{Shape, Type, Types};

    impl<T: Shape> Shape for OrderedFloat<T> {
        fn shape(types: &mut Types) -> Type {
            T::shape(types)
        }
    }

    impl<T: Shape> Shape for NotNan<T> {
        fn shape(types: &mut Types) -> Type {
            T::shape(types)
        }
    }
}
