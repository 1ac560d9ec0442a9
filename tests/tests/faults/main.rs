//! What breaks machines, disks, clocks, servers and programs; docs/reliability.md says what holds then.
//! Faults of single calls are forced in the tests of `es-postgres`.

mod backlog;
mod backups;
mod clients;
mod clocks;
mod disks;
mod plans;
mod servers;
mod support;
mod versions;
mod workload;
