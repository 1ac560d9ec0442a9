//! Whether payloads have the shape that is locked for them: a shape that the code does not write protects
//! nothing.

use super::code::{Code, Entry};
use super::findings::Finding;
use super::published::Published;
use super::reader::Written;
use super::today::Today;
use crate::codec::Exact;

/// Where a stored payload, and what the code writes for it, differ from their shapes. `place` names the
/// payload.
pub(super) fn check<'a>(
    code: &Code,
    published: &Published,
    entries: &[&Entry],
    place: &str,
    stored: &Exact,
    written: impl IntoIterator<Item = &'a Written>,
) -> Vec<Finding> {
    let stored = entries.iter().find_map(|entry| entry.shape.today().check_read(&stored.rounded()).err());
    let stored = stored.map(|misfit| {
        Finding::new(format!(
            "{place} does not have the shape of {published}: {misfit}\n\
             If the code writes it like this, its shape is not what is stored, and a change of it would not \
             be seen.\n\
             {REMEDY}\n\
             If the code does not, the payload is a wrong one; write one that it does."
        ))
    });
    let written = misfit(code, written).map(|misfit| Finding::new(format!("{place}: {misfit}\n{REMEDY}")));
    stored.into_iter().chain(written).collect()
}

/// Where something that the code writes differs from its shape.
pub(super) fn misfit<'a>(code: &Code, written: impl IntoIterator<Item = &'a Written>) -> Option<String> {
    written.into_iter().find_map(|written| {
        let published = Published { name: written.name.clone(), version: written.version };
        let misfit = code.entries.get(&published)?.shape.today().check(&written.payload.rounded()).err()?;
        Some(format!("the code writes {published} in another shape than its own: {misfit}"))
    })
}

/// Finds a payload, named by `place`, that the code reads differently after it has written it again.
pub(super) fn read_again(code: &Code, entries: &[&Entry], place: &str, today: &Today) -> Option<Finding> {
    let difference = today.read_again(code, entries)?;
    Some(Finding::new(format!(
        "{place} reads differently after the code has written it again: {difference}\n\
         An event like it would change when it is stored. Let what reads a part that is absent or `null` \
         make what was left out or written as `null`: mostly a `Default` that differs from what \
         `skip_serializing_if` leaves out."
    )))
}

/// What to do when the code refuses a payload that was generated from its shape.
pub(super) fn refused(file: &str) -> String {
    format!(
        "If it takes only some values of this shape, write {file} by hand: a list of payloads such as a \
         store may hold, each as `{{\"stored\": …}}`.\n\
         If it is written in another shape, its shape is not what is stored. {REMEDY}"
    )
}

const REMEDY: &str = "Say on the field, or above the type in it, how it is written: `#[shape(\"…\")]`, with \
                      a form such as `u8`, `string` or `list<string>`.";
