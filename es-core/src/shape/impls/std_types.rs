//! Types of the standard library that serde writes as structs and enums of its own.

use std::any::type_name;
use std::ops::{Bound, Range, RangeFrom, RangeInclusive, RangeTo};
use std::time::{Duration, SystemTime};

use crate::shape::{
    ContentDescription, FormDescription, Shape, Type, TypeDescription, Types, VariantDescription,
};

macro_rules! objects {
    ($($name:literal, $ty:ty, ($($argument:ident)?), $($field:literal: $shape:ty),+;)*) => {$(
        impl $(<$argument: Shape>)? Shape for $ty {
            fn shape(types: &mut Types) -> Type {
                types.named(typeid::of::<Self>(), type_name::<Self>(), const {
                    &TypeDescription {
                        name: $name,
                        arguments: &[$($argument::shape)?],
                        notes: &[],
                        form: FormDescription::Content(ContentDescription::Struct(&[$(
                            ($field, <$shape>::shape, &[])
                        ),+])),
                    }
                })
            }
        }
    )*};
}

objects! {
    "Duration", Duration, (), "secs": u64, "nanos": u32;
    "SystemTime", SystemTime, (), "secs_since_epoch": u64, "nanos_since_epoch": u32;
    "Range", Range<T>, (T), "start": T, "end": T;
    "RangeInclusive", RangeInclusive<T>, (T), "start": T, "end": T;
    "RangeFrom", RangeFrom<T>, (T), "start": T;
    "RangeTo", RangeTo<T>, (T), "end": T;
}

impl<T: Shape, E: Shape> Shape for Result<T, E> {
    fn shape(types: &mut Types) -> Type {
        types.named(
            typeid::of::<Self>(),
            type_name::<Self>(),
            const {
                &TypeDescription {
                    name: "Result",
                    arguments: &[T::shape, E::shape],
                    notes: &[],
                    form: FormDescription::Enum(&[
                        VariantDescription {
                            name: "Ok",
                            content: ContentDescription::Is(T::shape),
                            notes: &[],
                        },
                        VariantDescription {
                            name: "Err",
                            content: ContentDescription::Is(E::shape),
                            notes: &[],
                        },
                    ]),
                }
            },
        )
    }
}

impl<T: Shape> Shape for Bound<T> {
    fn shape(types: &mut Types) -> Type {
        types.named(
            typeid::of::<Self>(),
            type_name::<Self>(),
            const {
                &TypeDescription {
                    name: "Bound",
                    arguments: &[T::shape],
                    notes: &[],
                    form: FormDescription::Enum(&[
                        VariantDescription {
                            name: "Unbounded",
                            content: ContentDescription::Unit,
                            notes: &[],
                        },
                        VariantDescription {
                            name: "Included",
                            content: ContentDescription::Is(T::shape),
                            notes: &[],
                        },
                        VariantDescription {
                            name: "Excluded",
                            content: ContentDescription::Is(T::shape),
                            notes: &[],
                        },
                    ]),
                }
            },
        )
    }
}
