//! The floors of a crate, as drawn in `ARCHITECTURE.md`, and imports that point upward.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use crate::arrows::Arrows;

/// The floor of each folder, or of a file that is in none.
pub(crate) type Floors = BTreeMap<String, u32>;

/// The drawing after this line.
pub(crate) fn drawn(first: &str) -> Floors {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ARCHITECTURE.md");
    let page = fs::read_to_string(page).expect("the page is read");
    let (_, drawing) = page.split_once(&format!("{first}\n\n```text\n")).expect("the drawing");
    let (drawing, _) = drawing.split_once("```").expect("its end");
    read(drawing)
}

/// Each line has the number of a floor, its folders and files, and then their description.
pub(crate) fn read(drawing: &str) -> Floors {
    let mut floors = Floors::new();
    for line in drawing.lines() {
        let mut words = line.split_whitespace();
        let Some(Ok(floor)) = words.next().map(str::parse) else { panic!("no floor: {line}") };
        let rooms = words.take_while(|word| word.ends_with('/') || word.ends_with(".rs"));
        floors.extend(rooms.map(|room| (room.trim_end_matches('/').to_owned(), floor)));
    }
    floors
}

/// The files that take something from a floor above their own, and those that are on no floor. The root, and
/// the names in `beside`, may import everything.
pub(crate) fn faults(arrows: &Arrows, floors: &Floors, beside: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for (from, taken) in arrows {
        for (to, names) in taken {
            let (of, by) = (room(from), room(to));
            if [of, by].iter().any(|room| beside.contains(room)) || of == by {
                continue;
            }
            match (floors.get(of), floors.get(by)) {
                (Some(of), Some(by)) if of >= by => {}
                (Some(of), Some(by)) => {
                    let names: Vec<_> = names.iter().map(String::as_str).collect();
                    faults.push(format!(
                        "{from}, on floor {of}, knows {to}, on floor {by}: {}",
                        names.join(", ")
                    ));
                }
                (of_floor, _) => {
                    let room = if of_floor.is_none() { of } else { by };
                    faults.push(format!("{room} is on no floor"));
                }
            }
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

fn room(file: &str) -> &str {
    file.split_once('/').map_or(file, |(room, _)| room)
}
