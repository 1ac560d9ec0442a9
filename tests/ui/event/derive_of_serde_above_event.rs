use es_core::event;

#[derive(serde::Serialize)]
#[event(name = "account.opened")]
pub struct Opened {
    owner: String,
}

fn main() {}
