use es_core::reactor::Reactor;

#[derive(Reactor)]
pub struct Bare;

#[derive(Reactor)]
#[reactor]
pub struct Empty;

#[derive(Reactor)]
#[reactor(error = std::fmt::Error)]
pub struct Nearly;

#[derive(Reactor)]
#[reactor(name = "mail", evnets(Opened), model = u32, name = "other")]
pub struct Mistyped;

fn main() {}
