//! The read models: what the bank asks about all applications together, kept up to date by projections.
//!
//! | projection | tables, as readers see them | what they answer |
//! |---|---|---|
//! | [`Outcomes`] | `es_outcomes.outcomes_by_month` | how many applications came in and ended in which way, month by month |
//! | [`DecisionTimes`] | `es_decision_times.decision_times` | how long customers wait for a decision |
//! | [`WorkInProgress`] | `es_work_in_progress.work_by_day`, `.work_now`, `.open_work` | what is waiting, what is being done |
//! | [`ResourceLoad`] | `es_resource_load.resource_load` | who does how much |
//!
//! A projection folds events into rows once, for either store; [`Model`] is the connection that it writes
//! them to, and `sql/postgres` and `sql/sqlite` hold the statements. In PostgreSQL the names before the dots
//! are schemas; of a store in a file they are files beside it, such as `loans.db.outcomes.1`, and the names
//! are those under which they are attached to one connection.
//!
//! Months and days are those of UTC, by the time at which things happened. [`Figures`] is all that the read
//! models say; [`ReadModels::recount`] finds the same in the events, by SQL.

mod calendar;
mod decision_times;
mod event_log;
mod figures;
mod files;
mod model;
mod outcomes;
mod recount;
mod resource_load;
mod runner;
mod running;
mod source;
mod work_in_progress;

pub use self::decision_times::{DecisionTime, DecisionTimes, HOURS};
pub(crate) use self::event_log::event_log;
pub use self::figures::{Figures, FiguresError};
pub(crate) use self::model::query;
pub use self::model::{Column, Model, Query, Row};
pub use self::outcomes::{OutcomeMonth, Outcomes};
pub use self::recount::{Difference, Recount};
pub use self::resource_load::{ResourceLoad, ResourceMonth};
pub use self::runner::{ReadModels, Standing, Until};
pub use self::work_in_progress::{WorkDay, WorkInProgress};
