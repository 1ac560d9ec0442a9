use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
#[serde(rename_al = "camelCase")]
pub struct Opened {
    #[serde(default, skip_serialising_if = "Option::is_none")]
    pub owner_name: Option<String>,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = String, events(Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

fn main() {}
