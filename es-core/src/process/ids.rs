//! Ids derived from their cause, so that a repetition is recognized as the same thing.

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// The step of a process, by its name and key, on an event.
pub(crate) fn of_input(process: &str, key: &str, event: Uuid) -> Uuid {
    derived("input", &[process.as_bytes(), key.as_bytes(), event.as_bytes()])
}

/// The step on a timer of this name, which another step has scheduled.
pub(crate) fn of_timer(scheduled_by: Uuid, timer: &str) -> Uuid {
    derived("timer", &[scheduled_by.as_bytes(), timer.as_bytes()])
}

/// A command, by the step that sends it and its index there: two equal commands of one step are distinct.
pub(crate) fn of_command(step: Uuid, number: usize) -> Uuid {
    derived("command", &[step.as_bytes(), &(number as u64).to_be_bytes()])
}

/// The step on the rejection of a command.
pub(crate) fn of_rejection(command: Uuid) -> Uuid {
    derived("rejection", &[command.as_bytes()])
}

/// An id of version 8, from a hash of parts, each with its length before it.
fn derived(of: &str, parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for part in [&b"es.process"[..], of.as_bytes()].iter().chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_always_the_same_and_another_one_for_any_other_part() {
        let event = Uuid::from_u128(7);
        let step = of_input("chase", "a", event);
        assert_eq!(step, of_input("chase", "a", event));
        let others = [
            of_input("chase", "b", event),
            of_input("chas", "ea", event),
            of_input("chase", "a", Uuid::from_u128(8)),
            of_timer(step, "a"),
            of_command(step, 0),
            of_command(step, 1),
            of_rejection(step),
        ];
        for (at, id) in others.iter().enumerate() {
            assert!(*id != step && !others[..at].contains(id), "{at}");
        }
        // Stored in command ledgers: it must not change.
        assert_eq!(step.to_string(), "7db4f693-85f2-8198-b1d3-ae683aacf515");
    }
}
