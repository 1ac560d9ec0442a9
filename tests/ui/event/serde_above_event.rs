use es_core::event;

#[serde(rename_all = "camelCase")]
#[event(name = "account.opened")]
pub struct Opened {
    owner_name: String,
}

fn main() {}
