//! How the name of a variant is written.

use crate::shape::model::{Note, Variant};

/// Where the name of a variant is.
#[derive(Debug, Clone, Copy)]
pub(in crate::shape) enum Tagging {
    External,
    Internal(&'static str),
    Adjacent(&'static str, &'static str),
    Untagged,
}

impl Tagging {
    pub(in crate::shape) fn of(notes: &[Note]) -> Self {
        let (mut tag, mut content) = (None, None);
        for note in notes {
            match *note {
                Note::Untagged => return Self::Untagged,
                Note::Tag(name) => tag = Some(name),
                Note::Content(name) => content = Some(name),
                _ => {}
            }
        }
        match (tag, content) {
            (None, _) => Self::External,
            (Some(tag), None) => Self::Internal(tag),
            (Some(tag), Some(content)) => Self::Adjacent(tag, content),
        }
    }
}

/// Whether serde tries the variant without a name.
pub(super) fn is_tried(tagging: Tagging, variant: &Variant) -> bool {
    matches!(tagging, Tagging::Untagged) || variant.notes.contains(&Note::Untagged)
}

/// The notes of an enum that apply to the fields of its variants.
pub(super) fn of_variant(notes: &[Note]) -> &'static [Note] {
    if notes.contains(&Note::NoUnknownFields) { &[Note::NoUnknownFields] } else { &[] }
}
