//! The statements, one a file.

pub(crate) const ALL: &str = include_str!("all.sql");
/// Three in one, so that they are one round trip: see `begin.sql` and `standings.sql`.
pub(crate) const BEGIN: &str = concat!(include_str!("begin.sql"), include_str!("standings.sql"));
pub(crate) const CLOSE_STREAM: &str = include_str!("close_stream.sql");
pub(crate) const EXPORT_CLOSED: &str = include_str!("export_closed.sql");
pub(crate) const EXPORT_COMMANDS: &str = include_str!("export_commands.sql");
pub(crate) const EXPORT_NAMES: &str = include_str!("export_names.sql");
pub(crate) const FIND_CATEGORY: &str = include_str!("find_category.sql");
pub(crate) const FIND_COMMAND: &str = include_str!("find_command.sql");
pub(crate) const FIND_CORRELATION: &str = include_str!("find_correlation.sql");
pub(crate) const FIND_EVENT: &str = include_str!("find_event.sql");
pub(crate) const HEAD: &str = include_str!("head.sql");
pub(crate) const IMPORT_CATEGORY_NAME: &str = include_str!("import_category_name.sql");
pub(crate) const IMPORT_COMMAND: &str = include_str!("import_command.sql");
pub(crate) const IMPORT_COMMAND_NAME: &str = include_str!("import_command_name.sql");
pub(crate) const IMPORT_EVENT_TYPE: &str = include_str!("import_event_type.sql");
pub(crate) const IMPORT_LAST: &str = include_str!("import_last.sql");
pub(crate) const IMPORT_STREAM: &str = include_str!("import_stream.sql");
pub(crate) const IMPORT_STREAMS: &str = include_str!("import_streams.sql");
pub(crate) const IMPORT_TYPES: &str = include_str!("import_types.sql");
pub(crate) const INSERT_CATEGORY: &str = include_str!("insert_category.sql");
pub(crate) const INSERT_CATEGORY_NAME: &str = include_str!("insert_category_name.sql");
pub(crate) const INSERT_COMMANDS: &str = include_str!("insert_commands.sql");
pub(crate) const INSERT_COMMAND_NAME: &str = include_str!("insert_command_name.sql");
pub(crate) const INSERT_EVENTS: &str = include_str!("insert_events.sql");
pub(crate) const INSERT_EVENT_TYPE: &str = include_str!("insert_event_type.sql");
pub(crate) const INSERT_STREAMS: &str = include_str!("insert_streams.sql");
pub(crate) const KNOWN: &str = include_str!("known.sql");
pub(crate) const LIST: &str = include_str!("list.sql");
pub(crate) const LOAD: &str = include_str!("load.sql");
pub(crate) const SAVE_SNAPSHOT: &str = include_str!("save_snapshot.sql");
pub(crate) const SET_FINGERPRINT: &str = include_str!("set_fingerprint.sql");
pub(crate) const STANDINGS: &str = include_str!("standings.sql");
pub(crate) const STREAM_BACKWARD: &str = include_str!("stream_backward.sql");
pub(crate) const STREAM_FORWARD: &str = include_str!("stream_forward.sql");
pub(crate) const TOKEN: &str = include_str!("token.sql");
