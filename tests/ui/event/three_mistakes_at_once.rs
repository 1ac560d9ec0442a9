use es_core::event;

#[event(nam = "account.opened", version = 0)]
pub struct Opened {
    owner: String,
    #[cfg(unix)]
    branch: u32,
}

fn main() {}
