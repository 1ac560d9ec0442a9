//! A type that a part is said to be written as.

use es_core::shape::Shape;
use es_core::event;

struct Foreign;

#[derive(Shape)]
struct Payment {
    #[shape(as = Foreign)]
    foreign: Foreign,
    #[shape(as = 5)]
    number: u8,
    #[shape(as)]
    nothing: u8,
    #[shape("i64", as = i64)]
    twice: u8,
    #[shape(as = i64, name = "Part")]
    named: u8,
    #[shape(name = "Part")]
    only_named: u8,
}

#[derive(Shape)]
enum Way {
    #[shape(as = Vec<Foreign>)]
    By(u8),
}

#[event(name = "order.placed")]
#[shape(as = Foreign)]
struct Placed {
    count: u8,
}

fn main() {}
