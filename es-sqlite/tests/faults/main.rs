//! What happens to a file when something breaks: the program, the disk, the file, or a caller's timeout.

mod callers;
mod disks;
mod files;
mod killed;
mod locks;
mod support;
