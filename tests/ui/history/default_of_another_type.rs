use es_core::event;

#[derive(serde::Serialize, serde::Deserialize)]
pub enum Currency {
    Eur,
}

#[event(name = "account.opened", version = 2)]
pub struct Opened {
    #[event(added(in = 2, default = "Ann"))]
    owner: String,
    #[event(added(in = 2, default))]
    currency: Currency,
}

fn main() {}
