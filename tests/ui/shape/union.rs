//! A union has no shape.

#[derive(es_core::shape::Shape)]
union Amount {
    cents: i64,
    euros: u32,
}

fn main() {}
