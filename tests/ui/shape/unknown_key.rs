//! Keys that are misspelt, or stand where they mean nothing.

use es_core::shape::Shape;

#[derive(Shape)]
#[shape(nam = "Address")]
struct PostalAddress {
    city: String,
}

#[derive(Shape)]
#[shape(name = "not a name")]
struct Spaces;

#[derive(Shape)]
#[shape]
struct Nothing;

#[derive(Shape)]
struct OnAField {
    #[shape(name = "Town")]
    city: String,
}

fn main() {}
