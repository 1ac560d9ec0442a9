//! The second version of the four events, and the steps from the first one and back to it.

/// An amount that the first version of `loan.submitted` cannot say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} EUR is not a whole number of euros, and programs of 2011 store no other amounts")]
pub struct NoWholeEuros(pub crate::domain::Cents);

macro_rules! events {
    ($($write_as:tt)*) => {
        use std::convert::Infallible;

        use es_core::model::DowncastTo;
        use es_core::{UpcastContext, UpcastFrom, event};

        use crate::domain::{Cents, Euros, WorkItem};
        use crate::generations::in_2011::{self, DutchName};
        pub use crate::generations::in_2012::events::NoWholeEuros;

        /// The customer asked for a loan.
        #[event(name = "loan.submitted", version = 2, previous = in_2011::Submitted, $($write_as)*)]
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Submitted {
            /// How much, in cents.
            pub cents: Cents,
        }

        impl UpcastFrom<in_2011::Submitted> for Submitted {
            type Error = Infallible;

            fn upcast_from(old: in_2011::Submitted, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                Ok(Self { cents: old.euros.into() })
            }
        }

        impl DowncastTo<in_2011::Submitted> for Submitted {
            type Error = NoWholeEuros;

            fn downcast_to(&self) -> Result<in_2011::Submitted, NoWholeEuros> {
                match u32::try_from(self.cents.0 / 100).map(Euros) {
                    Ok(euros) if Cents::from(euros) == self.cents => Ok(in_2011::Submitted { euros }),
                    _ => Err(NoWholeEuros(self.cents)),
                }
            }
        }

        $crate::generations::in_2012::events::work!(
            "A work item is to be done.", "loan.work.scheduled", WorkScheduled, $($write_as)*
        );
        $crate::generations::in_2012::events::work!(
            "Somebody began with a work item.", "loan.work.started", WorkStarted, $($write_as)*
        );
        $crate::generations::in_2012::events::work!(
            "A work item was done, or closed.", "loan.work.completed", WorkCompleted, $($write_as)*
        );
    };
}

/// A work item, which was a Dutch name in the first version.
macro_rules! work {
    ($doc:literal, $name:literal, $event:ident, $($write_as:tt)*) => {
        #[doc = $doc]
        #[event(name = $name, version = 2, previous = in_2011::$event, $($write_as)*)]
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $event {
            /// Which.
            pub item: WorkItem,
        }

        impl UpcastFrom<in_2011::$event> for $event {
            type Error = Infallible;

            fn upcast_from(old: in_2011::$event, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                Ok(Self { item: old.name.0 })
            }
        }

        impl DowncastTo<in_2011::$event> for $event {
            type Error = Infallible;

            fn downcast_to(&self) -> Result<in_2011::$event, Infallible> {
                Ok(in_2011::$event { name: DutchName(self.item) })
            }
        }
    };
}

pub(super) use {events, work};
