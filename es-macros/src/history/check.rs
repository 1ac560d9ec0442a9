//! Checks of a field's changes, for events and for types.

use quote::ToTokens as _;

use super::{Field, FieldChange, Since};
use crate::errors::Errors;

/// The versions that a field names, each with the word that names it.
pub(crate) fn since(field: &Field) -> impl Iterator<Item = (&'static str, &Since)> {
    let changes = field.changes.iter().map(|change| match change.what {
        FieldChange::Added(_) => ("added", &change.since),
        FieldChange::Renamed(_) => ("renamed", &change.since),
    });
    changes.chain(field.removed.as_ref().map(|since| ("removed", since)))
}

/// Checks that a change belongs to a version from 2 to the current one.
pub(crate) fn range(field: &Field, version: u32, errors: &mut Errors) {
    for (word, since) in since(field) {
        let found = since.version;
        if found == 1 {
            errors.spanned(
                &since.literal,
                format!(
                    "nothing can be {word} in version 1, the first; write the version of the change, from 2 \
                     on"
                ),
            );
        } else if found > version {
            errors.spanned(
                &since.literal,
                format!(
                    "this is version {version}, and nothing was {word} in version {found} yet; write \
                     `version = {found}` above the struct, or the version of the change"
                ),
            );
        }
    }
}

/// Checks the order of a field's changes: it is added first, renamed later, removed last.
pub(crate) fn order(field: &Field, errors: &mut Errors) {
    let name = &field.ident;
    let added = field.added();
    let (mut last, mut additions) = (0, 0);
    for change in &field.changes {
        let version = change.since.version;
        let is_addition = matches!(change.what, FieldChange::Added(_));
        additions += usize::from(is_addition);
        let problem = match (added, &field.removed) {
            _ if is_addition && additions > 1 => format!(
                "`{name}` is added twice; keep one `added`, and write a field that was added again as two: \
                 the first as `removed(in = …, {name}: Type)` above the struct"
            ),
            (_, Some(removed)) if removed.version <= version => format!(
                "`{name}` is removed in version {gone}, and cannot change in version {version}; remove this \
                 change, or correct one of the versions",
                gone = removed.version
            ),
            (Some((since, _)), _) if !is_addition && version <= since => format!(
                "`{name}` is added in version {since} and has no earlier name; remove this `renamed`, or \
                 correct one of the versions"
            ),
            _ if version == last => {
                format!("`{name}` is renamed twice in version {version}; keep one `renamed`")
            }
            _ if version < last => format!(
                "version {version} comes after version {last}; write the changes of a field in the order of \
                 their versions"
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
