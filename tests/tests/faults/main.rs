//! Faults of machines, disks, clocks, servers and programs; docs/reliability.md lists the guarantees. Faults
//! of single calls are forced in the tests of `es-postgres`.

mod backlog;
mod backups;
mod clients;
mod clocks;
mod crowded;
mod damage;
#[path = "../../../es-postgres/tests/common/database.rs"]
mod database;
mod disks;
mod plans;
mod refusals;
#[path = "../../../es-postgres/tests/common/rewind.rs"]
#[allow(dead_code, reason = "shared with the tests of es-postgres")]
mod rewind;
mod sequences;
mod servers;
mod support;
mod versions;
mod workload;
