use es_core::event;

#[event(
    name = "account.opened",
    version = 2,
    removed,
    removed(),
    removed(in = 2),
    removed(note: String),
    removed(in = 2, #[cfg(unix)] stamp: u32)
)]
pub struct Opened {
    #[event]
    owner: String,
    #[event(added)]
    branch: u32,
    #[event(added())]
    clerk: String,
    #[event(renamed(in = "2", from = old))]
    place: String,
    #[event(added(in = 2, default = ))]
    time: String,
}

fn main() {}
