//! A loan process.
