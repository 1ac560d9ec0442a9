//! The programs, and the domain that they keep: imports, reports, projections, deployments.

mod bad_input;
mod cli;
#[path = "../common/mod.rs"]
mod common;
mod domain;
mod import;
mod mixed_histories;
mod postgres;
mod project;
mod rolling_deploys;
mod steps;
