use std::sync::Arc;

use es_core::{EventStore, Subscription};

fn follow(store: Arc<dyn EventStore>) {
    let _subscription = Subscription::new(store);
}

fn main() {}
