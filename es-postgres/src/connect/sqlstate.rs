//! How to react to the server's SQLSTATE codes, while a store is opened and in calls.

/// What to do about an error of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Retry on the same session.
    Retry,
    /// The server is short of a resource; retry later.
    Scarce,
    /// The session is unusable: its server shuts down or no longer accepts writes, or its prepared statements
    /// are gone. Retry on a new session.
    NewSession,
    /// A role, a database or a schema has to be set up first.
    Setup,
    /// The call itself, or the server, is at fault.
    Fault,
}

/// `lock_timeout` expired.
pub(crate) const HELD_UP: &str = "55P03";

/// The class of a code. <https://www.postgresql.org/docs/current/errcodes-appendix.html> lists them.
pub(crate) fn class(code: &str) -> Class {
    match code {
        // A command that was decided in the meantime, in the caller's transaction (ours); serialization
        // failure, deadlock; object in use; lock and statement timeouts.
        "ES003" | "40001" | "40003" | "40P01" | "55006" | "55P03" | "57014" => Class::Retry,
        // A prepared statement that a migration made stale, that is gone or belongs to another client: the
        // session does not recover. Read-only; idle transaction or session timeout; shut down, crashed,
        // starting up.
        "0A000" | "26000" | "42P05" | "25006" | "25P03" | "25P04" | "57P01" | "57P02" | "57P03" | "57P05" => {
            Class::NewSession
        }
        // Rejected; no such database, schema, table, column or function; no privilege.
        "28000" | "28P01" | "3D000" | "3F000" | "42P01" | "42703" | "42883" | "42501" | "57P04" => {
            Class::Setup
        }
        // The connection.
        code if code.starts_with("08") => Class::NewSession,
        // Connections, memory, disk. After an I/O error (58030) the disk may recover.
        code if code.starts_with("53") || code == "58030" => Class::Scarce,
        _ => Class::Fault,
    }
}

/// Whether a statement fails because of the schema or of privileges, whatever its parameters are:
/// [`Class::Setup`], and the errors of a handler's statement whose tables are not as it expects.
pub(crate) fn is_of_schema(code: &str) -> bool {
    class(code) == Class::Setup
        // No such type; unexpected types; an ambiguous name, or a view in place of a table; a generated
        // column; no unique index for ON CONFLICT.
        || matches!(code, "42704" | "42804" | "42702" | "42725" | "42809" | "428C9" | "42P10")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_the_right_class() {
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
