use es_core::messaging::{MemoryBroker, PublisherRunner};
use es_core::MemoryStore;

pub struct LoanFeed;

fn main() {
    let _ = PublisherRunner::new(MemoryStore::new(), LoanFeed, MemoryBroker::new());
}
