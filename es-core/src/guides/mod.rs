//! The guides of this project: one page for each thing to do, or to know.
//!
//! | you want to | read |
//! |---|---|
//! | see how something is done, in a few lines | [the cookbook](cookbook) |
//! | change an event, an aggregate or a read model | [changing events](evolution), case by case |
//! | deploy a change while old programs run | [rolling deploys](rolling_deploys) |
//! | know what `events.lock` compares, and why | [shapes and the lock](shapes_and_lock) |
//! | decide on several aggregates at once, or keep a value unique | [transactions] |
//! | build read models, run them and replace them | [projections] |
//! | send mail or call a service after an event is recorded | [reactors](messaging#reactors-side-effects) |
//! | publish events to other services, or consume theirs | [publishing and consuming](messaging#publishing) |
//! | send commands in response to events, now or after a delay | [processes] |
//! | choose between a process and a durable execution engine | [processes and engines](durable_execution) |
//! | choose between memory, a file and a server | [choosing a store](choosing_a_store) |
//! | back up, restore, upgrade, fail over, monitor | [operations] |
//! | know what is guaranteed when something fails | [failures and guarantees](reliability) |
//! | know what each timeout and interval bounds | [timings] |
//! | read the whole store without missing an event | [reading the whole store in order](ordering) |
//! | search events by content | [optional indexes](indexes) |
//! | read your data without this project | [stored format in PostgreSQL](stored_format), [in a file](stored_format_sqlite) |
//! | know which types of other crates are public | [public dependencies](dependencies) |
//! | store events somewhere else | [writing a store](writing_a_store) |
//!
//! # In the repository
//!
//! The examples, the measurements and the records of decisions are only in the repository: the folders
//! `examples`, `docs/measurements` and `docs/adr`.

// A page is included as it is. Its links are references, which it defines at its end for readers of the
// repository; `links.md` comes first, defines them for rustdoc, and of two definitions the first one counts.
macro_rules! guides {
    ($($name:ident = $page:literal),* $(,)?) => {$(
        #[doc = include_str!("links.md")]
        #[doc = include_str!(concat!("../../docs/", $page, ".md"))]
        #[allow(rustdoc::invalid_rust_codeblocks, reason = "some code is quoted in part")]
        pub mod $name {}
    )*};
}

guides! {
    choosing_a_store = "choosing-a-store",
    cookbook = "cookbook",
    dependencies = "dependencies",
    durable_execution = "durable-execution",
    evolution = "evolution",
    indexes = "indexes",
    messaging = "messaging",
    operations = "operations",
    ordering = "ordering",
    processes = "processes",
    projections = "projections",
    reliability = "reliability",
    rolling_deploys = "rolling-deploys",
    shapes_and_lock = "shapes-and-lock",
    stored_format = "stored-format",
    stored_format_sqlite = "stored-format-sqlite",
    timings = "timings",
    transactions = "transactions",
    writing_a_store = "writing-a-store",
}
