use es_core::event;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Owner(String);

#[event(name = "account.opened", version = 2, write_as = 1)]
pub struct Opened {
    owner: Owner,
    #[event(added(in = 2, default))]
    branch: u32,
}

fn main() {}
