use es_core::event;

#[event(name = "account.opened", was())]
pub struct NoNames;

#[event(name = "account.opened", was = "account.created")]
pub struct NoList;

#[event(name = "account.opened", was(created))]
pub struct NoQuotes;

#[event(name = "account.opened", was("account.created", ""))]
pub struct EmptyName;

#[event(name = "account.opened", was("account.created", "account.made", "account.created"))]
pub struct Twice;

#[event(name = "account.opened", was("account.created", "account.opened"))]
pub struct Itself;

fn main() {}
