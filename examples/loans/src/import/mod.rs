//! The import: each record of a log is one command, executed once, in order within its application.
//!
//! Which command a record is, is known only when it is read. So the import has an enum of all, [`Step`], in
//! place of the structs of the domain, and `takes_steps` leads from the one to the others.
//!
//! A thread reads and checks the records (`feed`), lanes deal them out (`lanes`), and N workers carry them
//! out (`worker`). The content of the lanes is bounded, so that memory is. A record that is stored already is
//! compared and passed over, so that the import can run again at any time.

mod count;
mod feed;
mod lanes;
mod latch;
mod lines;
mod outcome;
mod problem;
mod record;
mod run;
mod shared;
mod step;
mod stored;
mod takes_steps;
mod worker;

pub use self::count::Count;
pub use self::lines::Source;
pub use self::outcome::{ImportError, Imported};
pub use self::problem::{Problem, Problems, What};
pub use self::record::Record;
pub use self::run::Import;
pub use self::step::{Rejected, Step};
pub use self::takes_steps::TakesSteps;
