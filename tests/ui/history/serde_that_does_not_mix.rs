use es_core::event;

#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct Extra {
    clerk: String,
}

#[event(name = "account.opened", version = 2, removed(in = 2, #[serde(flatten)] more: Extra))]
pub struct Opened {
    #[serde(flatten)]
    #[event(renamed(in = 2, from = "more"))]
    extra: Extra,
    #[serde(skip)]
    #[event(added(in = 2, default))]
    cached: u32,
    #[serde(skip_deserializing)]
    #[event(renamed(in = 2, from = "note"))]
    remark: String,
}

#[event(name = "account.closed", version = 2)]
#[serde(transparent)]
pub struct Closed {
    #[event(renamed(in = 2, from = "why"))]
    reason: String,
}

#[event(name = "account.moved", version = 2)]
#[derive(Clone)]
#[serde(from = "String", into = "String")]
pub struct Moved {
    #[event(renamed(in = 2, from = "where"))]
    to: String,
}

impl From<String> for Moved {
    fn from(to: String) -> Self {
        Self { to }
    }
}

impl From<Moved> for String {
    fn from(moved: Moved) -> Self {
        moved.to
    }
}

#[event(name = "account.seen", version = 2)]
#[shape("object")]
pub struct Seen {
    #[event(renamed(in = 2, from = "who"))]
    by: String,
}

fn main() {}
