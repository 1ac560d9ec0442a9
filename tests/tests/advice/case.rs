//! A change of a program, and what a person answers who follows the advice.

/// A program with a change that the lock finds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// What is published.
    pub(crate) before: &'static str,
    /// The same with a change.
    pub(crate) changed: &'static str,
    /// What stands for a placeholder, by its field: `default = …` and `todo!(…)`.
    pub(crate) answers: &'static [(&'static str, &'static str)],
    /// Programs that follow a proposal which stands within a sentence.
    pub(crate) fixed: &'static [&'static str],
    /// Words that have to be said.
    pub(crate) says: &'static [&'static str],
    /// A file of payloads, one that is stored, and what it means in a program that follows the advice.
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
