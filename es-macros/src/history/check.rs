//! What the changes of a field must be, wherever they are told.

use quote::ToTokens as _;

use super::{Field, Since, What};
use crate::errors::Errors;

/// The versions that a field names, each with the word that names it.
pub(crate) fn since(field: &Field) -> impl Iterator<Item = (&'static str, &Since)> {
    let changes = field.changes.iter().map(|change| match change.what {
        What::Added(_) => ("added", &change.since),
        What::Renamed(_) => ("renamed", &change.since),
    });
    changes.chain(field.removed.as_ref().map(|since| ("removed", since)))
}

/// A change belongs to a version from 2 to this one.
pub(crate) fn range(field: &Field, version: u32, errors: &mut Errors) {
    for (word, since) in since(field) {
        let found = since.version;
        if found == 1 {
            errors.spanned(
                &since.literal,
                format!(
                    "version 1 is the first, nothing was {word} in it; write the version that brought the change, from 2 on"
                ),
            );
        } else if found > version {
            errors.spanned(
                &since.literal,
                format!(
                    "this is version {version}, and nothing was {word} in version {found} yet; write `version = {found}` \
                     above the struct, or the version that brought the change"
                ),
            );
        }
    }
}

/// The changes of a field follow one another: it is added first, renamed later, removed last.
pub(crate) fn order(field: &Field, errors: &mut Errors) {
    let name = &field.ident;
    let added = field.added();
    let (mut last, mut additions) = (0, 0);
    for change in &field.changes {
        let version = change.since.version;
        let is_addition = matches!(change.what, What::Added(_));
        additions += usize::from(is_addition);
        let problem = match (added, &field.removed) {
            _ if is_addition && additions > 1 => format!(
                "`{name}` is added twice; keep one `added`, and write a field that came back as two: the first as \
                 `removed(in = …, {name}: Type)` above the struct"
            ),
            (_, Some(removed)) if removed.version <= version => format!(
                "`{name}` is gone since version {gone}, and this happened to it in version {version}; leave it out, or \
                 correct one of the versions",
                gone = removed.version
            ),
            (Some((since, _)), _) if !is_addition && version <= since => format!(
                "`{name}` is added in version {since} and had no name before; leave this `renamed` out, or correct one of \
                 the versions"
            ),
            _ if version == last => {
                format!("`{name}` is renamed twice in version {version}; keep one `renamed`")
            }
            _ if version < last => format!(
                "version {version} stands behind version {last}; write the changes of a field in the order of their versions"
            ),
            _ => {
                last = version;
                continue;
            }
        };
        errors.spanned(
            if is_addition { change.key.to_token_stream() } else { change.since.literal.to_token_stream() },
            problem,
        );
    }
}
