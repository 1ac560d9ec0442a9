//! The log to import.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

/// The number of copies of the sample, each with other case numbers.
const COPIES: usize = 40;

/// The lines of `LOANS_FILE`, or of a generated log.
pub(crate) fn lines() -> Vec<String> {
    let text = std::env::var_os("LOANS_FILE").map(PathBuf::from).map_or_else(generated, |file| read(&file));
    text.lines().map(str::to_owned).collect()
}

/// Divides the log into this number of parts, each with whole applications, in order of their first records.
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

/// Many copies of the sample.
fn generated() -> String {
    let sample = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../loans/sample.jsonl"));
    (0..COPIES).map(|copy| sample.replace("\"case\":\"", &format!("\"case\":\"{copy}-"))).collect()
}

/// The number of public events that these records lead to.
pub(crate) fn public_events(lines: &[String]) -> u64 {
    let names = ["A_SUBMITTED", "A_APPROVED", "A_DECLINED", "A_CANCELLED"];
    let is_public = |line: &&String| names.iter().any(|name| line.contains(&format!("\"{name}\"")));
    lines.iter().filter(is_public).count() as u64
}
