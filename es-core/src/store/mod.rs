//! The contract of event stores, one trait for each kind of reader.
//!
//! The structs here and in [`record`](crate::record) may get more fields, so code outside of this crate makes
//! them by their constructors. Enums that tell outcomes apart, such as [`AppendOutcome`], are matched in
//! full: another outcome would change the contract.
//!
//! The suite `es_core::conformance` tests all of it.

mod all;
mod append;
mod append_in;
mod bell;
mod checkpoint;
mod close_streams;
mod command;
mod contiguous;
mod decision;
mod event_store;
mod export_store;
mod find_events;
mod forward;
mod import_store;
mod json;
mod list_streams;
mod load;
mod read_all;
mod registration;
mod sink;

pub use self::all::{AllPage, AllQuery, CategoryNames, Filter, Rest};
pub(crate) use self::append::LastMetadata;
pub use self::append::{Append, AppendOutcome, Appended, Limits, Submitted};
pub use self::append_in::AppendIn;
pub use self::bell::{Bell, Listener};
pub use self::checkpoint::{Checkpoint, InvalidCheckpoint};
pub use self::close_streams::CloseStreams;
pub use self::command::{CommandKey, CommandOutcome, CommandRecord};
pub use self::contiguous::Contiguous;
pub(crate) use self::contiguous::read_whole;
pub use self::decision::{Decision, Remembered};
pub use self::event_store::EventStore;
pub use self::export_store::{ExportStore, StoredCategory, StoredCommand, StoredEventType, StoredNames};
pub use self::find_events::{Find, FindEvents};
pub use self::import_store::{Following, ImportStore};
pub use self::list_streams::{ListQuery, ListStreams};
pub use self::load::{Load, LoadItem, StreamHead, StreamRange, StreamSummary};
pub use self::read_all::ReadAll;
pub use self::registration::Registration;
pub(crate) use self::sink::recorded;
pub use self::sink::{LoadManySink, LoadSink, Sink};
