use es_core::messaging::MemoryBroker;
use es_core::{MemoryStore, PublisherRunner};

pub struct LoanFeed;

fn main() {
    let _ = PublisherRunner::new(MemoryStore::new(), LoanFeed, MemoryBroker::new());
}
