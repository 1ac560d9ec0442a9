use es_core::StreamKey;

#[derive(StreamKey)]
#[stream_key(crat = "::es_core")]
pub struct Id(String);

fn main() {}
