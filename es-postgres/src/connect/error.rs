//! Why a store cannot be opened: one clear sentence each, with what to do.

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
        "{name:?} cannot be the name of the schema; it takes 1 to 48 of a-z, 0-9 and _, does not begin with a digit or with pg_"
    )]
    InvalidSchemaName {
        /// The name.
        name: String,
    },
    /// Nobody answers.
    #[error("no PostgreSQL answers at {address}: {source}; start the server, or correct the database URL")]
    NoServer {
        /// Host and port, or the folder of the socket.
        address: String,
        /// What the operating system says.
        source: BoxError,
    },
    /// The URL names several servers, and none of them will do now.
    #[error(
        "none of the servers in the database URL will do (target_session_attrs={wanted}): {}",
        .tried.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
    )]
    NoHost {
        /// What is looked for, as `target_session_attrs` names it.
        wanted: &'static str,
        /// Each server, and what is wrong with it.
        tried: Vec<TriedHost>,
    },
    /// The server takes writes, or is the primary, and the URL asks for another one.
    #[error(
        "the server is not one that target_session_attrs={wanted} asks for; name one in the database URL that is"
    )]
    NotWanted {
        /// What is looked for.
        wanted: &'static str,
    },
    /// Tables cannot be made by a store that only reads.
    #[error(
        "a store that is opened for reading only cannot be migrated; migrate it without `read_only`, on the primary"
    )]
    OnlyReads,
    /// Sessions are shared with other programs, and the store was not told so.
    #[error(
        "a connection pooler stands before the server, and gives this program no session of its own; open the store with transaction_pooler(true), or correct the database URL to that of the server itself"
    )]
    Pooler,
    /// The connection cannot be encrypted as asked for, or the server's certificate is not trusted.
    #[error(
        "no encrypted connection to {address}: {source}; correct sslmode and sslrootcert in the database URL, or the server's certificate"
    )]
    Tls {
        /// Host and port.
        address: String,
        /// What is wrong.
        source: BoxError,
    },
    /// The server does not let the user in.
    #[error("the server refuses user {user:?}: {source}; correct user and password in the database URL")]
    AuthenticationFailed {
        /// The user.
        user: String,
        /// What the server says.
        source: BoxError,
    },
    /// The server has no such database.
    #[error("the server has no database {database:?}; create it, or correct the database URL")]
    DatabaseMissing {
        /// The database.
        database: String,
    },
    /// The server takes no more connections, starts up or shuts down.
    #[error("the server takes no connection now: {source}; try again later, or raise max_connections")]
    Busy {
        /// What the server says.
        source: BoxError,
    },
    /// The server is older than the store supports.
    #[error("the server is PostgreSQL {found}; {needed} or later is needed")]
    ServerTooOld {
        /// Its version, as `13.4`.
        found: String,
        /// The oldest one that will do.
        needed: u32,
    },
    /// The server only replays what another one writes.
    #[error("the server is a standby, which cannot append; connect to the primary")]
    Standby,
    /// The server takes no writes from this role or database, or none at all for the time being.
    #[error(
        "the server is read-only for this session (transaction_read_only is on); connect to the primary, or run SET \
         default_transaction_read_only = off; ALTER ROLE SESSION_USER SET default_transaction_read_only = off"
    )]
    ReadOnly,
    /// The database keeps texts in another encoding than UTF-8.
    #[error(
        "database {database:?} has encoding {found}, the store needs UTF8; correct the database URL, or run CREATE DATABASE {new} ENCODING \
         'UTF8' TEMPLATE template0",
        new = identifier(&format!("{database}_utf8"))
    )]
    Encoding {
        /// The database.
        database: String,
        /// Its encoding.
        found: String,
    },
    /// The schema was made by another role, which could put objects of its own in the place of the store's.
    #[error(
        "schema {schema:?} belongs to role {owner:?}; migrate as that role, or run ALTER SCHEMA \"{schema}\" OWNER TO {role}",
        role = identifier(.role)
    )]
    ForeignSchema {
        /// The schema.
        schema: String,
        /// Whose it is, or the store in it.
        owner: String,
        /// The role that migrates.
        role: String,
    },
    /// The tables are not there, or not all.
    #[error(
        "schema {schema:?} stands at migration {found}, this program needs {needed}; run PostgresStore::migrate(url) once, as the owner of the schema"
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
    #[error(
        "schema {schema:?} stands at migration {found}, this program knows only {known}; update the program"
    )]
    SchemaTooNew {
        /// The schema.
        schema: String,
        /// The last migration that was run.
        found: i32,
        /// The last one that this program knows.
        known: i32,
    },
    /// A migration that was run is not the one that this program has.
    #[error(
        "migration {id} ({name}) was run in schema {schema:?} with other content than this program has; a migration is never edited, restore its file"
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
        "role {role:?} lacks a privilege in schema {schema:?}: {source}; migrate as a role that may create schemas, or as the owner run \
         SELECT \"{schema}\".grant_writer({literal})",
        literal = literal(.role)
    )]
    NotGranted {
        /// The schema.
        schema: String,
        /// The role.
        role: String,
        /// What the server says.
        source: BoxError,
    },
    /// A crash of the server could lose acknowledged events.
    #[error(
        "synchronous_commit is off, so a crash could lose acknowledged events; run ALTER ROLE SESSION_USER SET synchronous_commit = on"
    )]
    SynchronousCommitOff,
    /// Transactions do not see what others committed while they waited.
    #[error(
        "default_transaction_isolation is {found:?}, appends need \"read committed\"; run ALTER ROLE SESSION_USER SET default_transaction_isolation = 'read committed'"
    )]
    IsolationLevel {
        /// The level.
        found: String,
    },
    /// The sequence of the positions was altered.
    #[error(
        "sequence {schema}.positions has {setting} {found}, the order of positions needs {needed}; run ALTER SEQUENCE \"{schema}\".positions {needed}"
    )]
    UnsafeSequence {
        /// The schema.
        schema: String,
        /// Which setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it must be, as `ALTER SEQUENCE` takes it.
        needed: &'static str,
    },
    /// The sequence would draw positions that are taken.
    #[error(
        "sequence {schema}.positions stands at {drawn}, but position {last} is stored; run SELECT setval('\"{schema}\".positions', {last})"
    )]
    PositionsBehind {
        /// The schema.
        schema: String,
        /// The last position that was drawn.
        drawn: i64,
        /// The last position that is stored.
        last: i64,
    },
    /// The sequence would draw ids of streams that are taken.
    #[error(
        "sequence {schema}.streams_id_seq stands at {drawn}, but stream id {last} is stored; run SELECT setval('\"{schema}\".streams_id_seq', {last})"
    )]
    StreamIdsBehind {
        /// The schema.
        schema: String,
        /// The last id that was drawn.
        drawn: i64,
        /// The last id that is stored.
        last: i64,
    },
    /// Triggers that protect the history do not fire always, as after a restore with `--disable-triggers`.
    #[error(
        "triggers in schema {schema:?} that refuse changes of the history are switched off, or for sessions that replicate; run {statements}"
    )]
    WeakTriggers {
        /// The schema.
        schema: String,
        /// What makes them as they were.
        statements: String,
    },
    /// Functions, unique indexes or triggers of the store are gone, as after a restore of a part of it.
    #[error(
        "schema {schema:?} lacks {}, on which appends and their order rest; as its owner run {statements}",
        .missing.join(", ")
    )]
    ObjectsMissing {
        /// The schema.
        schema: String,
        /// What is missing, as `trigger append_only on events`.
        missing: Vec<String>,
        /// What makes it again. Rights on functions go with them: roles that had any get them again by
        /// [`grant_writer`](crate::PostgresStore::grant_writer) and its like.
        statements: String,
    },
    /// The database is another one than before, such as one that was restored, and does not fit this program.
    #[error("the database does not fit this program: {source}")]
    Refused {
        /// What does not fit.
        source: Box<StoreError>,
    },
    /// The connection broke while the store was opened.
    #[error("the connection was lost while the store was opened: {source}; try again")]
    Lost {
        /// What the connection says.
        source: BoxError,
    },
    /// Something that passes came in between, such as a lock that was held for too long.
    #[error("opening the store was interrupted: {source}; try again")]
    Interrupted {
        /// What the server says.
        source: BoxError,
    },
    /// Anything else that the server says.
    #[error("the store cannot be opened: {source}")]
    Failed {
        /// What the server says.
        source: BoxError,
    },
}

/// A server that was passed over, of several that the URL names.
#[derive(Debug)]
#[non_exhaustive]
pub struct TriedHost {
    /// Host and port, or the folder of the socket.
    pub address: String,
    /// Why it will not do.
    pub error: ConnectError,
}
