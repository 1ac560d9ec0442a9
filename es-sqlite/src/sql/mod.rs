//! The SQL statements, one a file.

pub(crate) const ALL: &str = include_str!("all.sql");
pub(crate) const APPEND_NEXT: &str = include_str!("append_next.sql");
/// Three statements in one, so that they are one round trip: see `begin.sql` and `standings.sql`.
pub(crate) const BEGIN: &str = concat!(include_str!("begin.sql"), include_str!("standings.sql"));
pub(crate) const CHECKPOINT_FAIL: &str = include_str!("checkpoint_fail.sql");
pub(crate) const CHECKPOINT_FORGET: &str = include_str!("checkpoint_forget.sql");
pub(crate) const CHECKPOINT_HOLD: &str = include_str!("checkpoint_hold.sql");
pub(crate) const CHECKPOINT_HOLD_LEASED: &str = include_str!("checkpoint_hold_leased.sql");
pub(crate) const CHECKPOINT_LIST: &str = include_str!("checkpoint_list.sql");
pub(crate) const CHECKPOINT_LOWEST: &str = include_str!("checkpoint_lowest.sql");
pub(crate) const CHECKPOINT_MAKE: &str = include_str!("checkpoint_make.sql");
pub(crate) const CHECKPOINT_MOVE: &str = include_str!("checkpoint_move.sql");
pub(crate) const CHECKPOINT_PARTITIONS: &str = include_str!("checkpoint_partitions.sql");
pub(crate) const CHECKPOINT_READ: &str = include_str!("checkpoint_read.sql");
pub(crate) const CLOSE_STREAM: &str = include_str!("close_stream.sql");
pub(crate) const COUNT_OBJECTS: &str = include_str!("count_objects.sql");
pub(crate) const EXPORT_CLOSED: &str = include_str!("export_closed.sql");
pub(crate) const EXPORT_COMMANDS: &str = include_str!("export_commands.sql");
pub(crate) const EXPORT_NAMES: &str = include_str!("export_names.sql");
pub(crate) const FIND_CATEGORY: &str = include_str!("find_category.sql");
pub(crate) const FIND_COMMAND: &str = include_str!("find_command.sql");
pub(crate) const FIND_CORRELATION: &str = include_str!("find_correlation.sql");
pub(crate) const FIND_EVENT: &str = include_str!("find_event.sql");
pub(crate) const HEAD: &str = include_str!("head.sql");
pub(crate) const HOLES: &str = include_str!("holes.sql");
pub(crate) const IMPORT_CATEGORY_NAME: &str = include_str!("import_category_name.sql");
pub(crate) const IMPORT_COMMAND: &str = include_str!("import_command.sql");
pub(crate) const IMPORT_COMMAND_NAME: &str = include_str!("import_command_name.sql");
pub(crate) const IMPORT_EVENT_TYPE: &str = include_str!("import_event_type.sql");
pub(crate) const IMPORT_LAST: &str = include_str!("import_last.sql");
pub(crate) const IMPORT_STREAM: &str = include_str!("import_stream.sql");
pub(crate) const IMPORT_STREAMS: &str = include_str!("import_streams.sql");
pub(crate) const INSERT_CATEGORY: &str = include_str!("insert_category.sql");
pub(crate) const INSERT_CATEGORY_NAME: &str = include_str!("insert_category_name.sql");
pub(crate) const INSERT_COMMANDS: &str = include_str!("insert_commands.sql");
pub(crate) const INSERT_COMMAND_NAME: &str = include_str!("insert_command_name.sql");
pub(crate) const INSERT_EVENTS: &str = include_str!("insert_events.sql");
pub(crate) const INSERT_EVENT_TYPE: &str = include_str!("insert_event_type.sql");
pub(crate) const INSERT_MIGRATION: &str = include_str!("insert_migration.sql");
pub(crate) const INSERT_STREAMS: &str = include_str!("insert_streams.sql");
pub(crate) const KNOWN: &str = include_str!("known.sql");
pub(crate) const LEASE_CLAIM: &str = include_str!("lease_claim.sql");
pub(crate) const LEASE_CREATE: &str = include_str!("lease_create.sql");
pub(crate) const LEASE_END_ALL: &str = include_str!("lease_end_all.sql");
pub(crate) const LEASE_RELEASE: &str = include_str!("lease_release.sql");
pub(crate) const LEASE_REST: &str = include_str!("lease_rest.sql");
pub(crate) const LETTER_COUNT: &str = include_str!("letter_count.sql");
pub(crate) const LETTER_FAILED: &str = include_str!("letter_failed.sql");
pub(crate) const LETTER_LIST: &str = include_str!("letter_list.sql");
pub(crate) const LETTER_LIST_OF: &str = include_str!("letter_list_of.sql");
pub(crate) const LETTER_PARK: &str = include_str!("letter_park.sql");
pub(crate) const LETTER_REMOVE: &str = include_str!("letter_remove.sql");
pub(crate) const LETTER_STREAMS: &str = include_str!("letter_streams.sql");
pub(crate) const LIST: &str = include_str!("list.sql");
pub(crate) const LOAD: &str = include_str!("load.sql");
pub(crate) const LOAD_MANY: &str = include_str!("load_many.sql");
pub(crate) const MIGRATIONS: &str = include_str!("migrations.sql");
pub(crate) const PROJECTION_CREATE_POINTER: &str = include_str!("projection_create_pointer.sql");
/// The tables of one build.
pub(crate) const PROJECTION_CREATE_TABLES: &str = concat!(
    include_str!("checkpoint_create.sql"),
    include_str!("letter_create.sql"),
    include_str!("letter_create_index.sql")
);
pub(crate) const PROJECTION_LIVE: &str = include_str!("projection_live.sql");
pub(crate) const PROJECTION_OBJECTS: &str = include_str!("projection_objects.sql");
pub(crate) const PROJECTION_SHOW: &str = include_str!("projection_show.sql");
pub(crate) const PROJECTION_STATUS: &str = include_str!("projection_status.sql");
pub(crate) const SAVE_SNAPSHOT: &str = include_str!("save_snapshot.sql");
pub(crate) const SETTLE: &str = include_str!("settle.sql");
pub(crate) const SET_FINGERPRINT: &str = include_str!("set_fingerprint.sql");
pub(crate) const STANDINGS: &str = include_str!("standings.sql");
pub(crate) const STREAM_BACKWARD: &str = include_str!("stream_backward.sql");
pub(crate) const STREAM_FORWARD: &str = include_str!("stream_forward.sql");
pub(crate) const TOKEN: &str = include_str!("token.sql");
pub(crate) const TYPES: &str = include_str!("types.sql");
