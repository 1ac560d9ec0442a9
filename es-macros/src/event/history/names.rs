//! The names of the fields of each version.

use quote::ToTokens as _;

use super::EventHistory;
use super::old::Wire;
use crate::errors::Errors;
use crate::history::{Field, FieldChange};

/// Checks that no two fields of one version have the same name. Reported in the newest version in which they
/// do.
pub(super) fn check(history: &EventHistory, version: u32, errors: &mut Errors) {
    let wire = Wire::of(history);
    let fields: Vec<&Field> = history.fields.iter().filter(|field| field.is_in(version)).collect();
    for field in &fields {
        let next = field.is_in(version + 1).then(|| wire.name(field, version + 1));
        if let (Some(from), Some(next)) = (field.earlier_name(version), next)
            && next == from.value()
            && is_last_version_of(field, version)
        {
            errors.spanned(
                from,
                format!("`{next}` is also the new name; write the former name, or remove `renamed`"),
            );
        }
    }
    for (at, field) in fields.iter().enumerate() {
        for other in &fields[..at] {
            let both_stay = field.is_in(version + 1) && other.is_in(version + 1);
            if field.ident == other.ident && !both_stay {
                same_field(field, other, version, errors);
            }
            let same = |version| wire.name(field, version) == wire.name(other, version);
            // Two current fields are for serde to report, and the same two are reported once.
            if field.ident == other.ident || !same(version) || (both_stay && same(version + 1)) {
                continue;
            }
            let (at, other) = match (field.earlier_name(version), other.earlier_name(version)) {
                (None, Some(from)) => (from.to_token_stream(), &field.ident),
                (Some(from), _) => (from.to_token_stream(), &other.ident),
                (None, None) => (field.ident.to_token_stream(), &other.ident),
            };
            let name = wire.name(field, version);
            errors.spanned(
                at,
                format!(
                    "in version {version} this and `{other}` were both stored as `{name}`; write its former \
                     name"
                ),
            );
        }
    }
}

/// Whether the field was renamed in the next version.
fn is_last_version_of(field: &Field, version: u32) -> bool {
    field
        .changes
        .iter()
        .any(|change| matches!(change.what, FieldChange::Renamed(_)) && change.since.version == version + 1)
}

fn same_field(field: &Field, other: &Field, version: u32, errors: &mut Errors) {
    let name = &field.ident;
    let problem = match (&field.removed, &other.removed) {
        (Some(gone), None) => format!(
            "`{name}` is removed in version {gone}, and still present; remove `removed`, or write on the \
             field when it was added again: `#[event(added(in = …, default = …))]`",
            gone = gone.version
        ),
        (Some(_), Some(_)) => format!(
            "`{name}` is removed twice, and version {version} had it twice; remove one `removed`, or write \
             when it was added again: `removed(in = …, #[event(added(in = …, default = …))] {name}: Type)`"
        ),
        // The compiler reports two current fields of one name.
        (None, _) => return,
    };
    errors.spanned(name, problem);
}
