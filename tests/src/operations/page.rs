//! The commands and statements in `docs/operations.md`, by their names.

/// A fenced block of the page. The word after its language is its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// `sh`, `sql`, `ini`, `yaml` or `text`.
    pub language: String,
    /// Its name for tests; empty if it has none.
    pub name: String,
    /// Its contents.
    pub text: String,
}

/// All blocks of a page.
#[must_use]
pub fn blocks(page: &str) -> Vec<Block> {
    let (mut blocks, mut open): (_, Option<Block>) = (Vec::new(), None);
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => {
                let (language, name) = info.split_once(' ').unwrap_or((info, ""));
                open = Some(Block { language: language.into(), name: name.into(), text: String::new() });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// The contents of the block with this name.
///
/// # Panics
///
/// If there is no such block, or there are two.
#[must_use]
pub fn block(name: &str) -> String {
    let found = blocks(include_str!("../../../docs/operations.md"));
    let mut found = found.into_iter().filter(|block| block.name == name);
    let block = found.next().unwrap_or_else(|| panic!("docs/operations.md has no block {name:?}"));
    assert!(found.next().is_none(), "docs/operations.md has two blocks {name:?}");
    block.text
}
