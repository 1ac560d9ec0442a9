//! The settings of a store, and values derived from them.

use std::time::Duration;

use es_core::store::Limits;

use crate::connect::failure::Opening;
use crate::connect::hosts::{Host, Hosts};
use crate::connect::migrations::NEWEST;
use crate::connect::session_attrs::Access;
use crate::connect::statements::{Prepared, Statements};

/// The longest timeout, about a century: much longer ones cannot be added to a clock.
pub(crate) const LONGEST_TIMEOUT: Duration = Duration::from_secs(u32::MAX as u64);

/// The validated settings of a store.
pub(crate) struct Settings {
    pub(crate) server: Hosts,
    pub(crate) schema: String,
    pub(crate) connections: u32,
    pub(crate) limits: Limits,
    pub(crate) pooler: bool,
    pub(crate) patience: Duration,
    pub(crate) append_lock_timeout: Duration,
    pub(crate) longest_lock_wait: Duration,
    pub(crate) longest_connection_wait: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) shared_page_bytes: usize,
    pub(crate) waiting_bytes: usize,
    pub(crate) answer_within: Duration,
    /// Zero leaves it to the server's settings.
    pub(crate) gone_after: Duration,
    pub(crate) notify: bool,
    pub(crate) direct: Option<Hosts>,
    pub(crate) read_only: bool,
    /// A setting of this store's own sessions; a session without it is shared.
    pub(crate) token: String,
}

impl Settings {
    /// `longest_lock_wait` in milliseconds.
    pub(crate) fn lock_timeout(&self) -> i64 {
        milliseconds(self.longest_lock_wait)
    }

    /// How the store uses its servers.
    pub(crate) const fn access(&self) -> Access {
        if self.read_only { Access::Read } else { Access::Write }
    }

    /// The context of errors once there is a connection.
    pub(crate) fn opening(&self) -> Opening<'_> {
        self.opening_at(self.server.first())
    }

    /// The same before there is a connection.
    pub(crate) fn connecting_to<'a>(&'a self, host: &'a Host) -> Opening<'a> {
        Opening { connected: false, ..self.opening_at(host) }
    }

    pub(crate) fn opening_at<'a>(&'a self, host: &'a Host) -> Opening<'a> {
        let Host { options, address, .. } = host;
        Opening {
            address,
            user: options.get_username(),
            database: options.get_database().unwrap_or_else(|| options.get_username()),
            schema: &self.schema,
            needed: NEWEST,
            connected: true,
        }
    }

    pub(crate) fn statements(&self) -> Statements {
        Statements::new(&self.schema, if self.pooler { Prepared::Never } else { Prepared::Once })
    }
}

/// A timeout in the server's unit, at least 1: 0 would disable it.
pub(crate) fn milliseconds(timeout: Duration) -> i64 {
    i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX).clamp(1, i64::from(i32::MAX))
}

/// Whether a schema name is safe inside quotes in SQL, short enough for PostgreSQL, and not reserved.
pub(crate) fn is_schema_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_lowercase() || c == '_';
    name.len() <= 48
        && name.starts_with(first)
        && name.chars().all(|c| first(c) || c.is_ascii_digit())
        && !name.starts_with("pg_")
        && name != "information_schema"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_can_be_a_schema() {
        for good in ["es", "_es", "tenant_17", "order", &"x".repeat(48)] {
            assert!(is_schema_name(good), "{good}");
        }
        for bad in
            ["", "1es", "Es", "e s", "es\"", "es;--", "é", "pg_es", "information_schema", &"x".repeat(49)]
        {
            assert!(!is_schema_name(bad), "{bad}");
        }
    }
}
