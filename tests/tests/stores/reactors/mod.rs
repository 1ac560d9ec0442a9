//! Reactors on every store: each event is reacted to, at least once and in the order of its stream, whatever
//! happens to the workers.

mod causes;
mod crashes;
mod letters;
mod order;
mod starts;
mod support;
