use es_core::StreamKey;

#[derive(StreamKey)]
pub struct Unit;

#[derive(StreamKey)]
pub struct Pair(String, u32);

#[derive(StreamKey)]
pub struct Named {
    country: String,
    number: u32,
}

#[derive(StreamKey)]
pub enum Number {
    Account(u64),
}

#[derive(StreamKey)]
pub union Either {
    number: u64,
    other: i64,
}

fn main() {}
