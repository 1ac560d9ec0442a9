//! Why a value is not reserved, or not released.

/// Why a value is not reserved, or not released.
///
/// The message names the kind and the owner, and not the value, as messages end in logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UniqueError {
    /// Another one has the value.
    #[error("this `{kind}` is taken: {owner:?} has it")]
    Taken {
        /// What values of this kind are called.
        kind: String,
        /// The value.
        value: String,
        /// Who has it.
        owner: String,
    },
    /// The value is to be released by one who does not have it.
    #[error("{by:?} cannot release this `{kind}`: {}", has(owner.as_deref()))]
    NotOwned {
        /// What values of this kind are called.
        kind: String,
        /// The value.
        value: String,
        /// Who wants to release it.
        by: String,
        /// Who has it, if anybody.
        owner: Option<String>,
    },
}

fn has(owner: Option<&str>) -> String {
    owner.map_or_else(|| "nobody has it".into(), |owner| format!("{owner:?} has it"))
}
