//! Types of another crate, as a program may store them.

use serde::{Deserialize, Serialize};

/// A container that nobody describes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stack<T>(pub Vec<T>);

/// A type that nobody describes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plate(pub String);
