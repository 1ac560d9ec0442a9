//! The log that is imported.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

/// How many times the sample is repeated, under other numbers.
const COPIES: usize = 40;

/// `LOANS_FILE`, or an invented log.
pub(crate) fn lines() -> Vec<String> {
    let text = std::env::var_os("LOANS_FILE").map(PathBuf::from).map_or_else(invented, |file| read(&file));
    text.lines().map(str::to_owned).collect()
}

/// The log in so many parts of whole applications, in the order in which these came in.
pub(crate) fn parts(lines: &[String], count: usize) -> Vec<Vec<String>> {
    let mut cases = HashMap::new();
    let numbers: Vec<usize> = lines
        .iter()
        .map(|line| {
            let (_, rest) = line.split_once("\"case\":\"").expect("a record has a case");
            let next = cases.len();
            *cases.entry(rest.split('"').next()).or_insert(next)
        })
        .collect();
    let mut parts = vec![Vec::new(); count];
    for (line, number) in lines.iter().zip(numbers) {
        parts[number * count / cases.len()].push(line.clone());
    }
    parts
}

fn read(file: &Path) -> String {
    let (bytes, mut text) = (std::fs::read(file).expect("LOANS_FILE is there"), String::new());
    if bytes.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(&*bytes).read_to_string(&mut text).expect("it is gzip");
    } else {
        text = String::from_utf8(bytes).expect("it is text");
    }
    text
}

/// The sample many times.
fn invented() -> String {
    let sample = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../loans/sample.jsonl"));
    (0..COPIES).map(|copy| sample.replace("\"case\":\"", &format!("\"case\":\"{copy}-"))).collect()
}

/// How many public events these records become.
pub(crate) fn public_events(lines: &[String]) -> u64 {
    let names = ["A_SUBMITTED", "A_APPROVED", "A_DECLINED", "A_CANCELLED"];
    let is_public = |line: &&String| names.iter().any(|name| line.contains(&format!("\"{name}\"")));
    lines.iter().filter(is_public).count() as u64
}
