//! What becomes of a file when something breaks: the program, the disk, the file, or the patience of
//! a caller.

mod callers;
mod disks;
mod files;
mod killed;
mod locks;
mod support;
