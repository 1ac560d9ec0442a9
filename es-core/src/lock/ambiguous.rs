//! Shapes under which two values are written as one.

use super::findings::Finding;
use crate::shape::Schema;

/// Values that are lost between writing and reading, or taken for others.
pub(super) fn values(what: &str, schema: &Schema) -> impl Iterator<Item = Finding> {
    schema.ambiguities().into_iter().map(move |ambiguity| {
        Finding::new(format!(
            "{what} does not read back all that it writes: {ambiguity}\n{}",
            ambiguity.remedy
        ))
    })
}

/// Types whose forms cannot be told apart where they stand.
pub(super) fn forms(what: &str, schema: &Schema) -> impl Iterator<Item = Finding> {
    schema
        .mixed_forms()
        .into_iter()
        .map(move |ambiguity| Finding::new(format!("{what} holds {ambiguity}\n{}", ambiguity.remedy)))
}
