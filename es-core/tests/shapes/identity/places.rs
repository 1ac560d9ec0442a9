//! The lines matter: `Via1` ends in the line of `Via` without its last figure.
use es_core::shape::Shape;
#[derive(Serialize, Deserialize, Shape)]
pub struct Via1(String);

use serde::{Deserialize, Serialize};

/// Its place is that of the derive, a line of two figures.
///
/// The names are glued to them: `Via1` and `3`, `Via` and `13`.
///
///
#[derive(Serialize, Deserialize, Shape)]
pub struct Via(u8);
