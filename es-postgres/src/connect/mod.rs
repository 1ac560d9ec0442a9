//! Connections of a store: which server, what is checked of a session, and how calls share them.

pub(crate) mod agree;
pub(crate) mod caller;
pub(crate) mod check;
pub(crate) mod connection;
pub(crate) mod dial;
pub(crate) mod error;
pub(crate) mod failure;
pub(crate) mod hosts;
pub(crate) mod idle;
pub(crate) mod lease;
pub(crate) mod lock_timeout;
pub(crate) mod migrate;
pub(crate) mod migrations;
pub(crate) mod names;
pub(crate) mod objects;
pub(crate) mod patience;
pub(crate) mod pool;
pub(crate) mod schema_owner;
pub(crate) mod session_attrs;
pub(crate) mod silence;
pub(crate) mod slots;
pub(crate) mod sqlstate;
pub(crate) mod statements;
