use es_core::projection::Projection;

#[derive(Projection)]
pub struct Bare;

#[derive(Projection)]
#[projection]
pub struct Empty;

#[derive(Projection)]
#[projection(build = 2)]
pub struct Nearly;

fn main() {}
