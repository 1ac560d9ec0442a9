//! The page: its code is that of this store.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../../docs/writing-a-store.md");

/// Without layout, and without the comma at the end of a line.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<String>().replace(",}", "}").replace(",)", ")")
}

#[test]
fn each_block_of_the_page_is_code_of_this_store() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/file_store");
    let files = fs::read_dir(folder).expect("a folder is read").map(|file| {
        let path = file.expect("an entry is read").path();
        plain(&fs::read_to_string(path).expect("a file is read"))
    });
    let sources: Vec<String> = files.collect();
    let blocks: Vec<&str> =
        PAGE.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 6, "{} blocks", blocks.len());
    for block in blocks {
        // A line `…` on the page is left-out code.
        for part in block.split("…").map(plain).filter(|part| !part.is_empty()) {
            assert!(sources.iter().any(|source| source.contains(&part)), "no file holds\n{block}");
        }
    }
}
