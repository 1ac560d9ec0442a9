//! The names of types as people write them.

/// `alloc::vec::Vec<bank::money::Currency>` becomes `Vec<Currency>`.
pub(crate) fn without_paths(path: &str) -> String {
    let mut short = String::new();
    // The start of the current path, one for each bracket around it.
    let mut starts = vec![0];
    for character in path.chars() {
        match character {
            ':' => {
                // What came before is only the path of the name: a module, a function, `{{closure}}`, `<impl
                // A for B>`.
                short.truncate(starts.last().copied().unwrap_or_default());
                continue;
            }
            '<' | '(' | '[' | '{' => starts.push(short.len() + 1),
            '>' if short.ends_with('-') => {}
            '>' | ')' | ']' | '}' if starts.len() > 1 => {
                starts.pop();
            }
            _ if character.is_alphanumeric() || "_#".contains(character) => {}
            _ => {
                if let Some(start) = starts.last_mut() {
                    *start = short.len() + character.len_utf8();
                }
            }
        }
        short.push(character);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_left_out_whatever_it_leads_through() {
        for (path, short) in [
            ("alloc::vec::Vec<bank::money::Currency>", "Vec<Currency>"),
            ("(u8, [bank::Item; 4], &bank::Name)", "(u8, [Item; 4], &Name)"),
            ("bank::tests::open::{{closure}}::Cents", "Cents"),
            ("bank::<impl core::fmt::Display for bank::A>::fmt::Cents", "Cents"),
            ("core::marker::PhantomData<fn(bank::A) -> bank::B<bank::C>>", "PhantomData<fn(A) -> B<C>>"),
            ("bank::r#type", "r#type"),
        ] {
            assert_eq!(without_paths(path), short);
        }
    }
}
