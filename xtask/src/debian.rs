//! Debian packages, if this program may install them.

use std::path::Path;
use std::process::Command;

use crate::machine::{self, quietly};
use crate::{Failed, say};

/// Installs packages, after one `apt-get update`.
#[derive(Debug)]
pub(crate) struct Debian {
    /// The prefix of `apt-get`.
    before: &'static [&'static str],
    updated: Option<Result<(), String>>,
}

impl Debian {
    /// Fails if there is no apt-get, or if it would need a password, with a readable reason.
    pub(crate) fn find() -> Result<Self, &'static str> {
        let here = |before| Ok(Self { before, updated: None });
        if !Path::new("/etc/debian_version").exists() || machine::program("apt-get").is_none() {
            return Err("this is neither Debian nor a derivative of it");
        }
        if machine::is_root() {
            return here(&[]);
        }
        if quietly(Command::new("sudo").args(["-n", "true"])).is_ok() {
            return here(&["sudo", "-n"]);
        }
        Err("this user is not root, and sudo asks for a password or is missing")
    }

    pub(crate) fn install(&mut self, name: &str, packages: &[&str]) -> Result<(), Failed> {
        if self.updated.is_none() {
            say("apt-get update");
            let updated = quietly(&mut self.apt_get(&["update", "-q"]));
            self.updated = Some(updated.map(drop).map_err(|failed| failed.to_string()));
        }
        if let Some(Err(message)) = &self.updated {
            return Err(Failed::new(message));
        }
        say(&format!("{name}: apt-get install {}", packages.join(" ")));
        quietly(self.apt_get(&["install", "-yq", "--no-install-recommends"]).args(packages)).map(drop)
    }

    fn apt_get(&self, arguments: &[&str]) -> Command {
        let mut words = self.before.iter().chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        let mut command = Command::new(words.next().unwrap_or(&"env"));
        command.args(words).args(arguments);
        command
    }
}
