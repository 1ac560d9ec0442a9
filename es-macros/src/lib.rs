//! The macros of es-core.
