//! Checks of all pages and comments: their lines are short, and the tests that they name exist.

mod guides;
mod lines;
mod named_tests;
mod operations;

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The files of the workspace with this extension, by their paths in it.
fn files(extension: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder is read") {
            let path: PathBuf = entry.expect("an entry is read").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // Build outputs and the folder of git; and `es-core/docs`, which is `docs` once more.
            let is_built = name == "target" || name.ends_with("-target");
            let is_ours = !is_built && !name.starts_with('.') && !path.is_symlink();
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if path.extension().is_some_and(|of| of == extension) {
                let within = path.strip_prefix(&root).expect("it is in the workspace");
                let text = fs::read_to_string(&path).expect("a file is read");
                found.push((within.display().to_string().replace('\\', "/"), text));
            }
        }
    }
    assert!(found.len() > 10, "{} files end in .{extension}", found.len());
    found.sort();
    found
}
