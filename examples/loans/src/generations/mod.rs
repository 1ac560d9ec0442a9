//! The programs that wrote the earlier versions of the events.
//!
//! | module | what it holds |
//! |---|---|
//! | [`in_2011`] | the program of 2011, which wrote the first version |
//! | [`in_2012`] | the program of 2012, which wrote the second one, in two builds |
//!
//! A real code base does not keep its old programs. This one does, to show that what they stored can be read,
//! and that programs of two generations can run at the same time. The domain does not know them: what reads
//! their events is in `domain/history`.

pub mod in_2011;
pub mod in_2012;

use crate::domain::Application;
use crate::import::TakesSteps;

/// The aggregate of one of the programs. They share all else.
pub trait Generation: TakesSteps + AsRef<Application> {}

impl<A: TakesSteps + AsRef<Application>> Generation for A {}

impl AsRef<Self> for Application {
    fn as_ref(&self) -> &Self {
        self
    }
}
