//! Commands and timers that are stored before they take effect.

use crate::__private::ByMacro;
use crate::model::{Aggregate, Event, Handle};

/// A command that a process sends. Implemented by [`#[command]`](macro@crate::process::command), never by
/// hand.
///
/// It waits in the stream of the process until it is sent, across deployments: so it has a name and a
/// version, and its old versions are upcast, as for events.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command that can be sent",
    label = "no `Command`",
    note = "write `#[es_core::process::command(name = \"…\")]` above `struct {Self}`"
)]
pub trait Command: Event {
    /// Only what the macro generates has it.
    #[doc(hidden)]
    const BY_MACRO: ByMacro;
}

/// A timer of a process. Implemented by [`#[timer]`](macro@crate::process::timer), never by hand.
///
/// Like a [`Command`] it outlives deployments, so it has a name and a version as events do.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a timer",
    label = "no `Timer`",
    note = "write `#[es_core::process::timer(name = \"…\")]` above `struct {Self}`"
)]
pub trait Timer: Event {
    /// Only what the macro generates has it.
    #[doc(hidden)]
    const BY_MACRO: ByMacro;
}

/// A process with a command in its `sends(…)`. Implemented by the derive, never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not list the command `{C}`",
    label = "not in `sends(…)`",
    note = "list it beside the aggregate that handles it: `#[process(sends(Account: {C}))]`"
)]
pub trait Sends<C>: Aggregate {
    /// The aggregate that handles it.
    type Target: Handle<C>;

    /// Only what the macro generates has it.
    #[doc(hidden)]
    const BY_MACRO: ByMacro;
}

/// A process with a timer in its `timers(…)`. Implemented by the derive, never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not list the timer `{T}`",
    label = "not in `timers(…)`",
    note = "list it: `#[process(timers(…, {T}))]`, and write `impl es_core::process::OnTimer<{T}> for {Self}`"
)]
pub trait Schedules<T>: Aggregate {
    /// Only what the macro generates has it.
    #[doc(hidden)]
    const BY_MACRO: ByMacro;
}
