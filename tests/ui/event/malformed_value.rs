use es_core::event;

#[event(name)]
pub struct NoValue;

#[event(name = )]
pub struct NothingBehind;

#[event(name = account.opened)]
pub struct NoQuotes;

#[event(name = "account.closed", version = "1")]
pub struct QuotedVersion;

#[event(name = "account.moved", version = 1, previous = &Opened)]
pub struct NoType;

#[event(name = "account.renamed", crate = "not a path")]
pub struct NoPath;

#[event(name = "account.joined" version = 1)]
pub struct NoComma;

#[event("account.split")]
pub struct NoKey;

fn main() {}
