use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened", version = 3, removed(in = 5, note: String), colour = "red")]
pub struct Opened {
    #[event(added(in = 1, default))]
    owner: String,
    #[event(renamed(in = 2))]
    branch: u32,
}

// What was refused can still be used.
#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = String, events(Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, event: Opened) {
        let _ = (event.owner, event.branch);
    }
}

fn main() {}
