//! Why a store cannot be opened, and what to do about it.

use es_core::StoreError;
use es_core::record::BoxError;

use crate::connect::quoted::{identifier, literal};

/// Why [`PostgresStore`](crate::PostgresStore) cannot be opened, or migrated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL cannot be read.
    #[error("the database URL cannot be read: {source}; write postgres://user:password@host:port/database")]
    InvalidUrl {
        /// What is wrong with it.
        source: BoxError,
    },
    /// The schema name is not one that can go into SQL.
    #[error(
        "{name:?} cannot be the name of the schema; it takes 1 to 48 of a-z, 0-9 and _, does not begin with \
         a digit or with pg_"
    )]
    InvalidSchemaName {
        /// The name.
        name: String,
    },
    /// No server answers.
    #[error("no PostgreSQL answers at {address}: {source}; start the server, or correct the database URL")]
    NoServer {
        /// Host and port, or the folder of the socket.
        address: String,
        /// The error of the operating system.
        source: BoxError,
    },
    /// The URL names several servers, and none of them is suitable now.
    #[error(
        "none of the servers in the database URL is suitable (target_session_attrs={wanted}): {}",
        .tried.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
    )]
    NoHost {
        /// The value of `target_session_attrs`.
        wanted: &'static str,
        /// Each server, and why it was not used.
        tried: Vec<TriedHost>,
    },
    /// The URL asks for a standby or a read-only server, and this server is not one.
    #[error(
        "the server is not one that target_session_attrs={wanted} asks for; name such a server in the \
         database URL"
    )]
    NotWanted {
        /// The value of `target_session_attrs`.
        wanted: &'static str,
    },
    /// A read-only store cannot create tables.
    #[error("a read-only store cannot be migrated; migrate it without `read_only`, on the primary")]
    OnlyReads,
    /// Sessions are shared with other programs, and the store was opened without `transaction_pooler`.
    #[error(
        "the database URL leads to a connection pooler that shares sessions between programs; open the store \
         with transaction_pooler(true), or change the URL to that of the server itself"
    )]
    Pooler,
    /// The connection cannot be encrypted as asked for, or the server's certificate is not trusted.
    #[error(
        "no encrypted connection to {address}: {source}; correct sslmode and sslrootcert in the database \
         URL, or the server's certificate"
    )]
    Tls {
        /// Host and port.
        address: String,
        /// The error of the TLS connection.
        source: BoxError,
    },
    /// The server rejected the user.
    #[error("the server refuses user {user:?}: {source}; correct user and password in the database URL")]
    AuthenticationFailed {
        /// The user.
        user: String,
        /// The server's error.
        source: BoxError,
    },
    /// The server has no such database.
    #[error("the server has no database {database:?}; create it, or correct the database URL")]
    DatabaseMissing {
        /// The database.
        database: String,
    },
    /// The server accepts no more connections, is starting up or is shutting down.
    #[error("the server accepts no connection now: {source}; try again later, or raise max_connections")]
    Busy {
        /// The server's error.
        source: BoxError,
    },
    /// The server is older than the store supports.
    #[error("the server is PostgreSQL {found}; {needed} or later is needed")]
    ServerTooOld {
        /// Its version, as `13.4`.
        found: String,
        /// The oldest supported version.
        needed: u32,
    },
    /// The server is a standby.
    #[error("the server is a standby, which cannot append; connect to the primary")]
    Standby,
    /// The server accepts no writes from this role or in this database, or no writes at all for the time
    /// being.
    #[error(
        "the server is read-only for this session (transaction_read_only is on); connect to the primary, or \
         run SET default_transaction_read_only = off; ALTER ROLE SESSION_USER SET \
         default_transaction_read_only = off"
    )]
    ReadOnly,
    /// The encoding of the database is not UTF-8.
    #[error(
        "database {database:?} has encoding {found}, the store needs UTF8; correct the database URL, or run \
         CREATE DATABASE {new} ENCODING 'UTF8' TEMPLATE template0",
        new = identifier(&format!("{database}_utf8"))
    )]
    Encoding {
        /// The database.
        database: String,
        /// Its encoding.
        found: String,
    },
    /// The schema belongs to another role, which could replace the store's objects with its own.
    #[error(
        "schema {schema:?} belongs to role {owner:?}; migrate as that role, or run ALTER SCHEMA \"{schema}\" \
         OWNER TO {role}",
        role = identifier(.role)
    )]
    ForeignSchema {
        /// The schema.
        schema: String,
        /// The owner of the schema, or of the store in it.
        owner: String,
        /// The role that migrates.
        role: String,
    },
    /// Tables are missing: the schema has to be migrated.
    #[error(
        "schema {schema:?} is at migration {found}, this program needs {needed}; run \
         PostgresStore::migrate(url) once, as the owner of the schema"
    )]
    NotMigrated {
        /// The schema.
        schema: String,
        /// The last migration that was run; 0 for none.
        found: i32,
        /// The one that this program needs.
        needed: i32,
    },
    /// A newer program migrated the schema.
    #[error("schema {schema:?} is at migration {found}, this program knows only {known}; update the program")]
    SchemaTooNew {
        /// The schema.
        schema: String,
        /// The last migration that was run.
        found: i32,
        /// The last one that this program knows.
        known: i32,
    },
    /// A migration that was run differs from the one in this program.
    #[error(
        "migration {id} ({name}) was run in schema {schema:?} with different contents than in this program; \
         a migration is never edited, restore its file"
    )]
    MigrationChanged {
        /// The schema.
        schema: String,
        /// The migration's number.
        id: i32,
        /// Its name.
        name: String,
    },
    /// The role lacks a privilege.
    #[error(
        "role {role:?} lacks a privilege in schema {schema:?}: {source}; migrate as a role that may create \
         schemas, or as the owner run SELECT \"{schema}\".grant_writer({literal})",
        literal = literal(.role)
    )]
    NotGranted {
        /// The schema.
        schema: String,
        /// The role.
        role: String,
        /// The server's error.
        source: BoxError,
    },
    /// A crash of the server could lose acknowledged events.
    #[error(
        "synchronous_commit is off, so a crash could lose acknowledged events; run ALTER ROLE SESSION_USER \
         SET synchronous_commit = on"
    )]
    SynchronousCommitOff,
    /// Transactions do not see what others committed while they waited for a lock.
    #[error(
        "default_transaction_isolation is {found:?}, appends need \"read committed\"; run ALTER ROLE \
         SESSION_USER SET default_transaction_isolation = 'read committed'"
    )]
    IsolationLevel {
        /// The isolation level.
        found: String,
    },
    /// The sequence of the positions was altered.
    #[error(
        "sequence {schema}.positions has {setting} {found}, the order of positions needs {needed}; run ALTER \
         SEQUENCE \"{schema}\".positions {needed}"
    )]
    UnsafeSequence {
        /// The schema.
        schema: String,
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What it must be, in the syntax of `ALTER SEQUENCE`.
        needed: &'static str,
    },
    /// The sequence of positions would return positions that are already stored.
    #[error(
        "sequence {schema}.positions is at {drawn}, but position {last} is stored; run SELECT \
         setval('\"{schema}\".positions', {last})"
    )]
    PositionsBehind {
        /// The schema.
        schema: String,
        /// The last position that was drawn.
        drawn: i64,
        /// The last position that is stored.
        last: i64,
    },
    /// The sequence of stream ids would return ids that are already stored.
    #[error(
        "sequence {schema}.streams_id_seq is at {drawn}, but stream id {last} is stored; run SELECT \
         setval('\"{schema}\".streams_id_seq', {last})"
    )]
    StreamIdsBehind {
        /// The schema.
        schema: String,
        /// The last id that was drawn.
        drawn: i64,
        /// The last id that is stored.
        last: i64,
    },
    /// Triggers that protect the history are disabled, or not enabled always, such as after a restore with
    /// `--disable-triggers`.
    #[error(
        "triggers in schema {schema:?} that refuse changes to stored events are disabled, or do not fire in \
         sessions that replicate; run {statements}"
    )]
    WeakTriggers {
        /// The schema.
        schema: String,
        /// The statements that enable them again.
        statements: String,
    },
    /// Functions, unique indexes or triggers of the store are missing, such as after a partial restore.
    #[error(
        "schema {schema:?} lacks {}, on which appends and their order depend; as its owner run {statements}",
        .missing.join(", ")
    )]
    ObjectsMissing {
        /// The schema.
        schema: String,
        /// What is missing, as `trigger append_only on events`.
        missing: Vec<String>,
        /// The statements that create it again. Privileges on functions are lost with them: grant them again
        /// with [`grant_writer`](crate::PostgresStore::grant_writer) and the like.
        statements: String,
    },
    /// The database is not the same as before, such as after a restore, and does not fit this program.
    #[error("the database does not fit this program: {source}")]
    Refused {
        /// What does not fit.
        source: Box<StoreError>,
    },
    /// The connection broke while the store was opened.
    #[error("the connection was lost while the store was opened: {source}; try again")]
    Lost {
        /// The error of the connection.
        source: BoxError,
    },
    /// A transient failure, such as a lock that was held for too long.
    #[error("opening the store was interrupted: {source}; try again")]
    Interrupted {
        /// The server's error.
        source: BoxError,
    },
    /// Any other error of the server.
    #[error("the store cannot be opened: {source}")]
    Failed {
        /// The server's error.
        source: BoxError,
    },
}

/// A server that was not used, of several in the URL.
#[derive(Debug)]
#[non_exhaustive]
pub struct TriedHost {
    /// Host and port, or the folder of the socket.
    pub address: String,
    /// Why it was not used.
    pub error: ConnectError,
}
