//! `publish`: sends the public events to NATS JetStream, and shows how far it has come.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use es_core::projection::ProjectionStatus;
use es_core::reactor::CheckpointStore;

use super::args;
use super::ctrl_c::ctrl_c;
use super::failure::Failure;
use super::note::note;
use super::output::print;
use super::store::{Opened, Purpose};
use crate::publishing::{ConnectError, Runner, STREAM, connect, runner};
use crate::read_models::Until;
use crate::table::grouped;

/// One reads the events, one moves the checkpoint, one is asked how far it is.
const CONNECTIONS: usize = 3;

/// How often the publisher is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often a line is written while it is behind.
const LINE_EVERY: Duration = Duration::from_secs(5);

pub(super) async fn publish(args: args::Publish) -> Result<(), Failure> {
    let until = if args.stop_when_caught_up { Until::CaughtUp } else { Until::Stopped };
    // Creates the tables if they do not exist, so that the publisher can be started before the import.
    match Opened::kept(args.store, Purpose::Write, CONNECTIONS).await? {
        Opened::File(store, _) => publish_from(store, &args.nats, until).await,
        Opened::Database(store, _) => publish_from(store, &args.nats, until).await,
        Opened::Memory(_) => Err(Failure::unable(
            "nothing is kept in memory from one run to the next; name a file or a database with `--store`",
        )),
    }
}

async fn publish_from<S: CheckpointStore>(store: S, nats: &str, until: Until) -> Result<(), Failure> {
    let (start, publisher) = (Instant::now(), runner(store, connect(nats).await?));
    let published = async {
        match until {
            Until::CaughtUp => publisher.catch_up().await,
            Until::Stopped => publisher.run().await,
        }
    };
    let interrupted = tokio::select! {
        published = published => { published?; false },
        never = progress(&publisher, until) => match never {},
        () = ctrl_c() => true,
    };
    match (until, interrupted) {
        (Until::CaughtUp, true) => Err(Failure::interrupted()),
        (Until::CaughtUp, false) => print(&summary(&publisher.status().await?, start.elapsed())),
        (Until::Stopped, _) => Ok(()),
    }
}

/// Shows how far it is, until it is dropped.
async fn progress<S: CheckpointStore>(publisher: &Runner<S>, until: Until) -> Infallible {
    let (mut line, mut said_caught_up) = (Instant::now(), until == Until::CaughtUp);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        // Before the first run there is none, and an error of the store ends the publisher as well.
        let Ok(status) = publisher.status().await else { continue };
        let (position, head) = (status.position().get(), status.head.get());
        if position >= head && !said_caught_up {
            said_caught_up = true;
            note(&format!("caught up at position {}; following until Ctrl-C", grouped(head)));
        } else if position < head && line.elapsed() >= LINE_EVERY {
            line = Instant::now();
            note(&behind(&status));
        }
    }
}

/// How far it is, and why it waits, if it does.
fn behind(status: &ProjectionStatus) -> String {
    let (position, head) = (grouped(status.position().get()), grouped(status.head.get()));
    let waits = status.partitions.iter().find_map(|partition| partition.error.as_deref());
    let waits = waits.map(|error| format!("; it waits: {error}")).unwrap_or_default();
    format!("published up to position {position} of {head}{waits}")
}

fn summary(status: &ProjectionStatus, elapsed: Duration) -> String {
    let messages = status.partitions.iter().map(|partition| partition.projected).sum();
    format!(
        "published up to position {}, {} public events in all, into the stream `{STREAM}` ({:.1} s)",
        grouped(status.position().get()),
        grouped(messages),
        elapsed.as_secs_f64()
    )
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::unable(error)
    }
}
