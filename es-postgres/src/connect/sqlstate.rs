//! What the codes of the server ask for, while a store is opened and in calls alike.

/// What to do about an error of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The same again, on the same session.
    Retry,
    /// The server is short of something; the same again, later.
    Scarce,
    /// This session is of no more use: its server goes away or takes no writes any more, or its statements
    /// are gone. The same again, on a new one.
    NewSession,
    /// Somebody has to set up a role, a database or a schema first.
    Setup,
    /// The call itself is wrong, or the server is.
    Fault,
}

/// A lock was waited for in vain.
pub(crate) const HELD_UP: &str = "55P03";

/// The class of a code. <https://www.postgresql.org/docs/current/errcodes-appendix.html> lists them.
pub(crate) fn class(code: &str) -> Class {
    match code {
        // A command that was decided meanwhile, in the caller's transaction (ours); serialization, deadlock;
        // an object in use; lock and statement timeouts.
        "ES003" | "40001" | "40003" | "40P01" | "55006" | "55P03" | "57014" => Class::Retry,
        // A prepared statement that a migration made stale, that is gone or somebody else's: the session
        // never gets over it. Read-only; a transaction or a session that stood still for too long; shut down,
        // crashed, starting up.
        "0A000" | "26000" | "42P05" | "25006" | "25P03" | "25P04" | "57P01" | "57P02" | "57P03" | "57P05" => {
            Class::NewSession
        }
        // Not let in; no such database, schema, table, column or function; no privilege.
        "28000" | "28P01" | "3D000" | "3F000" | "42P01" | "42703" | "42883" | "42501" | "57P04" => {
            Class::Setup
        }
        // The connection.
        code if code.starts_with("08") => Class::NewSession,
        // Connections, memory, disk. Of an input or output error (58030) the disk may recover.
        code if code.starts_with("53") || code == "58030" => Class::Scarce,
        _ => Class::Fault,
    }
}

/// Whether a statement is refused for what the database holds and the role may do, whatever its parameters
/// are: what is of [`Class::Setup`], and what a handler's statement meets where tables are not as it expects.
pub(crate) fn is_of_schema(code: &str) -> bool {
    class(code) == Class::Setup
        // No type of that name; other types than expected; a name that means several things by now, or a
        // view in place of a table; a column that is generated; no unique index for ON CONFLICT.
        || matches!(code, "42704" | "42804" | "42702" | "42725" | "42809" | "428C9" | "42P10")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_the_class_that_its_name_says() {
        for (class, codes) in [
            (Class::Retry, &["40001", "40P01", "55P03", "57014", "ES003"][..]),
            (Class::Scarce, &["53000", "53100", "53200", "53300", "53400", "58030"]),
            (
                Class::NewSession,
                &[
                    "0A000", "26000", "42P05", "08000", "08006", "08P01", "25006", "25P03", "57P01", "57P02",
                    "57P03", "57P05",
                ],
            ),
            (
                Class::Setup,
                &["28000", "28P01", "3D000", "3F000", "42P01", "42703", "42883", "42501", "57P04"],
            ),
            (
                Class::Fault,
                &["22021", "22P02", "23505", "23514", "42601", "P0001", "XX000", "ES001", "ES010", ""],
            ),
        ] {
            for code in codes {
                assert_eq!(super::class(code), class, "{code}");
            }
        }
    }
}
