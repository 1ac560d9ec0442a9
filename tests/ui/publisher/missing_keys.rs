use es_core::messaging::Publisher;

#[derive(Publisher)]
pub struct Bare;

#[derive(Publisher)]
#[publisher]
pub struct Empty;

#[derive(Publisher)]
#[publisher(name = "Loan Feed", events())]
pub struct Nearly;

#[derive(Publisher)]
#[publisher(name = "feed", evnets(Approved), error = u32, name = "other")]
pub struct Mistyped;

fn main() {}
