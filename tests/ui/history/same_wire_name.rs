use es_core::event;

#[event(name = "account.opened", version = 3)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    #[event(renamed(in = 2, from = "ownedBy"))]
    owned_by: String,
    #[event(renamed(in = 2, from = "office"), renamed(in = 3, from = "office"))]
    branch: u32,
}

#[event(name = "account.closed", version = 3, removed(in = 3, clerk: String))]
pub struct Closed {
    by: String,
    #[event(renamed(in = 2, from = "by"))]
    reason: String,
    #[serde(rename = "clerk")]
    closed_by: String,
}

fn main() {}
