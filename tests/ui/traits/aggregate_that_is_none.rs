use es_core::{MemoryStore, Repository};

pub struct Account;

pub fn accounts() -> Repository<Account, MemoryStore> {
    Repository::new(MemoryStore::new())
}

fn main() {}
