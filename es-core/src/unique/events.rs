//! The stored events of a unique value: who owns it.

use std::any::{TypeId, type_name};

use serde::{Deserialize, Serialize};

use crate::__private::decode_only;
use crate::model::Event;
use crate::record::{DecodeError, RawEvent};
use crate::shape::{FieldDescription, Shape, Type, TypeDescription, Types};

/// A value was reserved. Written by [`Unique`](super::Unique), never by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reserved {
    /// The owner's id, as the key of a stream.
    pub owner: String,
}

/// A value was released. Written by [`Unique`](super::Unique), never by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Released {
    /// The former owner's id, as in [`Reserved::owner`].
    pub owner: String,
}

const OWNER: &[FieldDescription] = &[("owner", String::shape, &[])];

impl Event for Reserved {
    const NAME: &'static str = "unique.reserved";
    const VERSION: u32 = 1;

    fn decode(raw: &RawEvent<'_>) -> Result<Self, DecodeError> {
        decode_only(raw)
    }
}

impl Event for Released {
    const NAME: &'static str = "unique.released";
    const VERSION: u32 = 1;

    fn decode(raw: &RawEvent<'_>) -> Result<Self, DecodeError> {
        decode_only(raw)
    }
}

impl Shape for Reserved {
    fn shape(types: &mut Types) -> Type {
        const FIELDS: TypeDescription = TypeDescription::of_struct("Reserved", OWNER);
        types.named(TypeId::of::<Self>(), type_name::<Self>(), &FIELDS)
    }
}

impl Shape for Released {
    fn shape(types: &mut Types) -> Type {
        const FIELDS: TypeDescription = TypeDescription::of_struct("Released", OWNER);
        types.named(TypeId::of::<Self>(), type_name::<Self>(), &FIELDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Schema;

    #[test]
    fn their_stored_shapes_never_change() {
        for schema in [Schema::of::<Reserved>(), Schema::of::<Released>()] {
            assert_eq!(schema.text(), "payload: struct\n  owner: string\n");
        }
    }
}
