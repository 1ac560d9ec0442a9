//! Which JSON a type stands for.

mod ambiguities;
mod declared;
mod described;
mod fits;
mod flatten;
mod foreign_types;
mod generics;
mod identity;
