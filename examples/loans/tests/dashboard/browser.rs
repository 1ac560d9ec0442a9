//! Chromium without a screen.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// The names under which it is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// A browser that knows nothing yet, with a folder of its own.
pub(crate) struct Browser {
    program: PathBuf,
    folder: PathBuf,
    seconds: Option<u32>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        static FOLDERS: AtomicU64 = AtomicU64::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("chromium-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("the test folder takes folders");
        Self { program: program(), folder, seconds: None }
    }

    /// Looks at the page when so many seconds of its own time have passed, in which it never waits for
    /// anything but the server.
    pub(crate) fn after_seconds(mut self, seconds: u32) -> Self {
        self.seconds = Some(seconds);
        self
    }

    /// What it has made of a page, as HTML.
    pub(crate) fn page(&self, url: &str) -> String {
        String::from_utf8(self.run(&["--dump-dom", url])).expect("a page is text")
    }

    /// What it shows of a page, as PNG.
    pub(crate) fn picture(&self, url: &str, width: u32, height: u32) -> Vec<u8> {
        let path = self.folder.join("picture.png");
        let (to, size) =
            (format!("--screenshot={}", path.display()), format!("--window-size={width},{height}"));
        self.run(&[&to, &size, "--hide-scrollbars", url]);
        fs::read(path).expect("a picture")
    }

    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new(&self.program);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
        command
            .arg("--disable-dev-shm-usage")
            .arg(format!("--user-data-dir={}", self.folder.join("data").display()));
        if let Some(seconds) = self.seconds {
            command.arg(format!("--virtual-time-budget={}", seconds * 1_000));
        }
        let output = command.args(arguments).output().expect("Chromium starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} failed: {errors}", self.program.display());
        output.stdout
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn program() -> PathBuf {
    if let Some(named) = env::var_os("CHROMIUM") {
        return PathBuf::from(named);
    }
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let found = NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("the dashboard is tested in Chromium, which is not installed: `cargo xtask setup` installs it on Debian, or set CHROMIUM to the path of another Chromium or Chrome")
    })
}

/// The text of the element with this id, without its markup.
pub(crate) fn text_of(page: &str, id: &str) -> String {
    let start = page.find(&format!(" id=\"{id}\"")).unwrap_or_else(|| panic!("no element {id} in {page}"));
    let tag = page[..start].rfind('<').expect("an element") + 1;
    let name = &page[tag..start];
    let name = name.split_whitespace().next().expect("a name");
    let body = &page[start..];
    let body = &body[body.find('>').expect("an end") + 1..];
    // None of these elements holds another of its kind.
    let body = &body[..body.find(&format!("</{name}>")).expect("an end")];
    let mut text = String::new();
    for (at, part) in body.split('<').enumerate() {
        let part = if at == 0 { part } else { part.split_once('>').map_or("", |(_, text)| text) };
        text.push_str(part);
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
