use es_core::MemoryStore;
use es_core::unique::Unique;

pub struct Customer {
    pub number: u64,
}

pub fn emails(store: MemoryStore) -> Unique<Customer, MemoryStore> {
    Unique::new(store, "email")
}

fn main() {}
