//! A union has no shape.

#[derive(es_core::Shape)]
union Amount {
    cents: i64,
    euros: u32,
}

fn main() {}
