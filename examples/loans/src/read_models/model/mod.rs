//! What read models write to and are read from: a connection to PostgreSQL, or to files.

mod connection;
mod postgres;
mod query;
mod sqlite;

pub use self::connection::{Model, Row};
pub(crate) use self::query::query;
pub use self::query::{Column, Query};
