use std::sync::Arc;

use es_core::{Aggregate, EventStore, Repository};

fn list<A: Aggregate>(accounts: Repository<A, Arc<dyn EventStore>>) {
    drop(accounts.ids(None, 100));
}

fn main() {}
