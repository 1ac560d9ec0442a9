use es_core::model::DowncastTo;
use es_core::{UpcastContext, UpcastFrom, event};
use std::convert::Infallible;

#[event(name = "account.opened", write_as = 1)]
pub struct OpenedV1;

#[event(name = "account.opened", version = 2, previous = OpenedV1, write_as = 2)]
pub struct OpenedV2;

#[event(name = "account.opened", version = 3, previous = OpenedV2, write_as = 1)]
pub struct Opened;

#[event(name = "account.opened", version = 4, write_as = 3)]
pub struct WithoutPrevious;

macro_rules! steps {
    ($($old:ident => $new:ident),*) => {
        $(impl UpcastFrom<$old> for $new {
            type Error = Infallible;
            fn upcast_from(_: $old, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                Ok(Self)
            }
        }
        impl DowncastTo<$old> for $new {
            type Error = Infallible;
            fn downcast_to(&self) -> Result<$old, Infallible> {
                Ok($old)
            }
        })*
    };
}

steps!(OpenedV1 => OpenedV2, OpenedV2 => Opened);

fn main() {}
