//! A bank's loan process on real history: applications, offers and work items, imported from a log.
//!
//! | module | what it holds |
//! |---|---|
//! | [`domain`] | the application: its events in all versions, state and commands; no files, stores or terminals |
//! | [`import`] | from records to commands, many applications at a time |
//! | [`read_models`] | what the bank asks about all applications together: projections into tables |
//! | [`reminders`] | a process: applications that stand still without a decision get a reminder |
//! | [`publishing`] | what other services learn of the applications, through NATS JetStream |
//! | [`dashboard`] | the read models as a page |
//! | [`report`] | the outcomes of all applications, by replaying them |
//! | [`show`] | one application: its history, and its state at any point |
//! | [`generations`] | the programs that wrote earlier versions of the events |
//! | [`cli`] | the command line, the choice of a store, errors and exit codes |

pub mod cli;
pub mod dashboard;
pub mod domain;
pub mod generations;
pub mod import;
pub mod publishing;
pub mod read_models;
pub mod reminders;
pub mod report;
pub mod show;
pub mod table;
