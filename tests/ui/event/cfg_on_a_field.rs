use es_core::event;

#[event(name = "account.opened")]
pub struct Opened {
    owner: String,
    #[cfg(windows)]
    branch: u32,
    #[cfg_attr(unix, serde(rename = "c"))]
    clerk: String,
}

#[event(name = "account.closed")]
pub struct Closed(String, #[cfg(unix)] u32);

fn main() {}
