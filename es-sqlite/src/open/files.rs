//! What can be found out about a file without SQLite: who wrote it, where it is, and whether it still
//! exists.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::OpenError;

/// Marks a file as one of this crate, in a place of its header that `file` and other tools read: `esdb`.
pub(crate) const APPLICATION_ID: i32 = 0x6573_6462;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The offset of the application id in the header, big-endian.
const APPLICATION_ID_AT: usize = 68;

/// What is at a path before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing, or an empty file.
    Nothing,
    /// A database of this crate.
    Ours,
    /// A database without an application id; whether it is empty is checked after opening it.
    Unmarked,
}

/// Reads the header, and changes nothing.
pub(crate) fn look(path: &Path) -> Result<Found, OpenError> {
    let of_io = |source| OpenError::Folder { path: path.to_owned(), source };
    let mut header = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(100).read_to_end(&mut header).map_err(of_io)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(of_io(error)),
    };
    let foreign = |found| Err(OpenError::Foreign { path: path.to_owned(), found });
    if header.is_empty() {
        return Ok(Found::Nothing);
    }
    if !header.starts_with(MAGIC) {
        return foreign("not a database of SQLite".into());
    }
    let id = header.get(APPLICATION_ID_AT..APPLICATION_ID_AT + 4).and_then(|id| id.try_into().ok());
    match id.map(i32::from_be_bytes) {
        Some(APPLICATION_ID) => Ok(Found::Ours),
        Some(0) => Ok(Found::Unmarked),
        Some(other) => foreign(format!("a database of SQLite with application id {other:#x}")),
        None => foreign("the beginning of a database of SQLite".into()),
    }
}

/// Which file a path leads to, as the system identifies files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(u64, u64);

impl Identity {
    /// The identity of the file that is at the path now.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Ok(Self(metadata.dev(), metadata.ino()))
        }
        #[cfg(not(unix))]
        {
            // The system does not allow an open file to be replaced.
            drop(metadata);
            Ok(Self(0, 0))
        }
    }
}

/// The absolute path, independent of the working folder later. A link is resolved once: a later target is a
/// different file.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| match (folder(path).canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    })
}

/// A new file is durable only once its folder is synced.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder(path))?.sync_all() } else { Ok(()) }
}

/// The folder of a file.
pub(crate) fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The kinds of file systems on which several hosts can share a file.
const NETWORK: [&str; 14] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "gpfs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.s3fs",
];

/// The kind of the network file system that a file is on, if the system reports one.
pub(crate) fn network(path: &Path) -> Option<String> {
    let folder = folder(path).canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    kind_of(&mounts, &folder).filter(|kind| NETWORK.contains(&kind.as_str()))
}

/// The kind of the file system that is mounted closest to a folder; of two at one place, the later one.
fn kind_of(mounts: &str, folder: &Path) -> Option<String> {
    let mut closest = None;
    for line in mounts.lines() {
        let (place, kind) = line.split_once(" - ")?;
        let at = PathBuf::from(place.split(' ').nth(4)?.replace("\\040", " "));
        let depth = at.components().count();
        if folder.starts_with(&at) && closest.as_ref().is_none_or(|(before, _)| *before <= depth) {
            closest = Some((depth, kind.split(' ').next()?.to_owned()));
        }
    }
    closest.map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_does_not_depend_on_the_working_folder() {
        let here = std::env::current_dir().expect("a folder");
        assert_eq!(absolute(Path::new("new.db")), here.join("new.db"));
        assert_eq!(absolute(Path::new("src/../Cargo.toml")), here.join("Cargo.toml"));
        assert_eq!(absolute(Path::new("/none/new.db")), Path::new("/none/new.db"));
    }

    #[test]
    fn the_file_system_of_a_folder_is_the_one_mounted_closest_to_it() {
        let mounts = "21 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n\
                      30 21 0:41 / /srv/my\\040data rw - nfs4 host:/data rw,vers=4.2\n\
                      31 30 8:2 / /srv/my\\040data/local rw - xfs /dev/sdb1 rw\n";
        let kind = |folder: &str| kind_of(mounts, Path::new(folder)).expect("a mount");
        assert_eq!(kind("/srv"), "ext4");
        assert_eq!(kind("/srv/my data/shop"), "nfs4");
        assert_eq!(kind("/srv/my data/local/shop"), "xfs");
        assert_eq!(kind("/srv/my database"), "ext4");
    }
}
