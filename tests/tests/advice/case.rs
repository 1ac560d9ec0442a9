//! A change of a program, and how a user who follows the advice fills it in.

/// A program with a change that the lock reports.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The published program.
    pub(crate) before: &'static str,
    /// The same with a change.
    pub(crate) changed: &'static str,
    /// The replacement of a placeholder, by its field: `default = …` and `todo!(…)`.
    pub(crate) answers: &'static [(&'static str, &'static str)],
    /// Programs that follow a proposal that is part of a sentence.
    pub(crate) fixed: &'static [&'static str],
    /// Text that the advice must contain.
    pub(crate) says: &'static [&'static str],
    /// A file of payloads, a payload to add to it, and its meaning in a program that follows the advice.
    pub(crate) stored: Option<(&'static str, &'static str, &'static str)>,
}

impl Case {
    pub(crate) const fn new(name: &'static str, before: &'static str, changed: &'static str) -> Self {
        Self { name, before, changed, answers: &[], fixed: &[], says: &[], stored: None }
    }

    pub(crate) const fn answers(self, answers: &'static [(&'static str, &'static str)]) -> Self {
        Self { answers, ..self }
    }

    pub(crate) const fn fixed(self, fixed: &'static [&'static str]) -> Self {
        Self { fixed, ..self }
    }

    pub(crate) const fn says(self, says: &'static [&'static str]) -> Self {
        Self { says, ..self }
    }

    pub(crate) const fn stored(self, file: &'static str, stored: &'static str, today: &'static str) -> Self {
        Self { stored: Some((file, stored, today)), ..self }
    }
}
