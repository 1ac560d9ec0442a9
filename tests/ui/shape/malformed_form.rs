//! Forms that nothing is written in.

use es_core::shape::Shape;

#[derive(Shape)]
struct Payment {
    #[shape("strin:date-time")]
    at: (),
    #[shape("vec<i64>")]
    parts: (),
    #[shape("list<i64")]
    open: (),
    #[shape("map<string>")]
    keys: (),
    #[shape("string:date time")]
    format: (),
    #[shape("i64", "i64")]
    two: (),
}

#[derive(Shape)]
#[shape("")]
struct Empty;

#[derive(Shape)]
#[shape("i64")]
#[shape("u64")]
struct Twice(u64);

#[derive(Shape)]
enum Variants {
    #[shape("date-time")]
    At(()),
}

fn main() {}
