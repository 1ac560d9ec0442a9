use es_core::{Aggregate, Apply, MemoryStore, Repository, StreamKey, event};

#[event(name = "door.opened")]
pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(name = "door", id = String, events(Opened))]
pub struct Door;

impl Apply<Opened> for Door {
    fn apply(&mut self, _: Opened) {}
}

#[derive(StreamKey)]
pub struct ShelfId(String);

#[derive(Aggregate, Default)]
#[aggregate(name = "shelf", id = ShelfId, events(Opened))]
pub struct Shelf;

impl Apply<Opened> for Shelf {
    fn apply(&mut self, _: Opened) {}
}

pub fn streams(doors: Repository<Door, MemoryStore>, shelves: Repository<Shelf, MemoryStore>) {
    let _ = doors.stream_id(&7);
    let _ = doors.stream_id(String::from("a"));
    let _ = shelves.stream_id("a");
}

fn main() {}
