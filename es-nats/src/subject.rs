//! The subjects of messages: one for each category and event name.

/// The subject of messages with this category and event name: `PREFIX.CATEGORY.NAME`.
///
/// A dot in the event's name separates tokens, so `es.loan.loan.>` matches both `loan.approved` and
/// `loan.declined`. Characters that a token cannot contain, and dots in the category, are percent-encoded, so
/// every pair of a category and a name has a subject of its own. Subjects do not contain keys, as a server
/// keeps every subject in memory.
///
/// ```
/// assert_eq!(es_nats::subject("es", "loan", "loan.approved"), "es.loan.loan.approved");
/// assert_eq!(es_nats::subject("es", "loan.old", "approved > 5"), "es.loan%2Eold.approved%20%3E%205");
/// ```
#[must_use]
pub fn subject(prefix: &str, category: &str, name: &str) -> String {
    let mut subject = String::with_capacity(prefix.len() + category.len() + name.len() + 2);
    subject.push_str(prefix);
    subject.push('.');
    token(&mut subject, category);
    subject.push('.');
    if name.split('.').all(|part| !part.is_empty()) {
        for (number, part) in name.split('.').enumerate() {
            if number > 0 {
                subject.push('.');
            }
            token(&mut subject, part);
        }
    } else {
        token(&mut subject, name);
    }
    subject
}

fn token(subject: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            subject.push(char::from(byte));
        } else {
            subject.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_is_empty_and_no_two_names_share_a_subject() {
        let names = ["a.b", "a..b", ".a", "a.", "a%2Eb", "a b", "a*", ">", "ä", "a\u{0}b"];
        let subjects: std::collections::BTreeSet<_> =
            names.iter().map(|name| subject("es", "c", name)).collect();
        assert_eq!(subjects.len(), names.len());
        for subject in subjects {
            assert!(subject.split('.').all(|token| !token.is_empty()), "{subject}");
            assert!(
                subject.bytes().all(|byte| byte.is_ascii_graphic() && !b"*>".contains(&byte)),
                "{subject}"
            );
        }
    }
}
