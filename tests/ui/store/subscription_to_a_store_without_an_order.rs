use std::sync::Arc;

use es_core::subscription::Subscription;
use es_core::EventStore;

fn follow(store: Arc<dyn EventStore>) {
    let _subscription = Subscription::new(store);
}

fn main() {}
