//! The behaviour of the store with concurrent sessions, roles and failures. One file for each behaviour, one
//! binary for all.

mod advice;
mod append_only;
mod bad_input;
mod batches;
mod budgets;
mod callers;
mod cancellation;
mod commands;
mod conditions;
mod conflicts;
mod connect_errors;
mod copying;
mod crash;
#[path = "../common/database.rs"]
mod database;
mod decisions;
mod futures;
mod groups;
mod histories;
mod holes;
mod hostile;
mod hosts;
mod inputs;
mod lanes;
mod large_appends;
mod large_events;
mod large_pages;
mod metrics;
mod migrations;
mod missing;
mod own_connections;
mod passing;
mod privileges;
mod query_plans;
mod read_only;
mod registration;
#[path = "../common/replicas.rs"]
mod replicas;
mod repository;
#[path = "../common/rewind.rs"]
mod rewind;
mod round_trips;
mod scarce;
mod search_path;
mod servers;
mod shared_pages;
mod silence;
mod silent_projector;
mod snapshots;
mod standbys;
mod support;
mod transactions;
mod unknown_outcome;
mod upgrades;
