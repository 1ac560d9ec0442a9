//! The sizes of futures. A future is moved in memory with all that it contains, so rarely used parts are
//! boxed.

use std::mem::size_of_val;

use es_core::store::{Append, Checkpoint, Filter, Load, ReadAll, StreamRange};
use es_core::{EventStore, Revision};

use crate::support::{fresh, stream};

#[tokio::test]
async fn the_futures_of_calls_are_small() {
    let (_database, store) = fresh().await;
    let stream = stream("a");
    let append = Append::new(&stream, Revision::EMPTY, &[]);
    let filter = Filter::new();
    let query = es_core::store::AllQuery::after(Checkpoint::START, &filter);
    let sizes = [
        ("append", size_of_val(&*store.append(append))),
        ("submit", size_of_val(&*store.submit(append))),
        ("append_all", size_of_val(&*store.append_all(&[append]))),
        ("load", size_of_val(&*store.load(Load::all(&stream), &mut |_| Ok(())))),
        ("read_stream", size_of_val(&*store.read_stream(&stream, StreamRange::ALL, &mut |_| Ok(())))),
        ("read_all", size_of_val(&*store.read_all(query, &mut |_| Ok(())))),
    ];
    println!("{sizes:?}");
    for (call, bytes) in sizes {
        assert!(bytes <= 4_096, "the future of {call} has {bytes} bytes");
    }
}
