//! How errors call what a projector runs.

use std::fmt;

/// A projection with its build, or effects by their kind: they are stored as `KIND.NAME`.
pub(super) struct Named(pub(super) &'static str, pub(super) u32);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once('.') {
            Some((kind, name)) => write!(f, "{kind} `{name}`"),
            None => write!(f, "projection `{}` build {}", self.0, self.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Named;

    #[test]
    fn effects_are_called_by_their_kind() {
        assert_eq!(Named("balances", 2).to_string(), "projection `balances` build 2");
        assert_eq!(Named("reactor.welcome-mail", 1).to_string(), "reactor `welcome-mail`");
        assert_eq!(Named("process.chase.inputs", 1).to_string(), "process `chase.inputs`");
    }
}
