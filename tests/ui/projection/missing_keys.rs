use es_core::Projection;

#[derive(Projection)]
pub struct Bare;

#[derive(Projection)]
#[projection]
pub struct Empty;

#[derive(Projection)]
#[projection(rev = 2)]
pub struct Nearly;

fn main() {}
