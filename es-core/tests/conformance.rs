//! The reference store passes the suite that all stores pass.

use es_core::MemoryStore;

es_core::conformance!(async { (MemoryStore::new(), ()) });
