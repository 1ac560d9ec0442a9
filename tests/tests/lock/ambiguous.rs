//! Values that are not read back as they were written: reported in what is written now, and ignored in what
//! is not.

use es_core::lock::Mode;

use crate::folder::Folder;

mod lossy {
    use crate::prelude::*;

    type Note = Option<String>;

    #[event(name = "order.noted")]
    pub struct Noted {
        note: Option<Note>,
    }

    #[derive(Aggregate, Default, Serialize, Deserialize)]
    #[aggregate(name = "order", id = String, events(Noted), snapshot(every = 10))]
    pub struct Order {
        last: Option<Note>,
    }
    impl Apply<Noted> for Order {
        fn apply(&mut self, event: Noted) {
            self.last = Some(event.note.flatten());
        }
    }
}

#[test]
fn values_that_an_event_or_a_state_does_not_read_back_are_reported() {
    let folder = Folder::new("what_an_event_or_a_state_does_not_read_back");
    let of = |what: &str, path: &str| {
        format!(
            "{what} does not read back all that it writes: `{path}`: an option of what may be `null` itself; `Some` of that \
             is read as `None`\nWrite one `Option`, or an enum with a variant for each case."
        )
    };
    let findings = folder.findings::<lossy::Order>(Mode::Update);
    assert_eq!(
        findings,
        [
            of("`order.noted` version 1 (`Noted`)", "note"),
            of("the state of aggregate `order`, which is kept in snapshots,", "last"),
        ]
    );
    assert!(folder.files().is_empty());
}

mod mended {
    use crate::prelude::*;

    type Note = Option<String>;

    #[event(name = "order.noted", version = 2, previous = NotedV1)]
    pub struct Noted {
        note: Option<String>,
    }
    #[event(name = "order.noted")]
    pub struct NotedV1 {
        note: Option<Note>,
    }
    crate::step!(NotedV1 => Noted, |old| { note: old.note.flatten() });
    crate::order!(Noted);
}

#[test]
fn an_old_version_that_is_no_longer_written_is_not_checked() {
    Folder::with::<mended::Order>("an_old_version_that_nothing_writes");
}

/// A default that differs from the omitted value.
mod defaulted {
    use crate::prelude::*;

    #[derive(Serialize, Deserialize, Shape)]
    #[serde(default)]
    pub struct Seen {
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<u8>,
    }

    impl Default for Seen {
        fn default() -> Self {
            Self { at: Some(7) }
        }
    }

    #[event(name = "order.seen")]
    pub struct OrderSeen {
        seen: Seen,
    }
    crate::order!(OrderSeen);
}

/// The same with a default that is the omitted value.
mod defaulted_to_nothing {
    use crate::prelude::*;

    #[derive(Default, Serialize, Deserialize, Shape)]
    #[serde(default)]
    pub struct Seen {
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<u8>,
    }

    #[event(name = "order.seen")]
    pub struct OrderSeen {
        seen: Seen,
    }
    crate::order!(OrderSeen);
}

#[test]
fn an_omitted_value_that_differs_from_its_default_is_reported() {
    let folder = Folder::new("what_is_left_out_and_read_as_a_default");
    let findings = folder.findings::<defaulted::Order>(Mode::Update);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(
        findings[0].starts_with(
            "a payload generated from the shape reads differently after the code has written it again: `seen.at`"
        ),
        "{findings:?}"
    );
    assert!(folder.files().is_empty());
    folder.run::<defaulted_to_nothing::Order>(Mode::Update).expect("nothing is lost");
    // Even if the changed meaning of stored events is accepted, new events would be lost.
    let _accepted = folder.run::<defaulted::Order>(Mode::Update);
    let findings = folder.findings::<defaulted::Order>(Mode::Check);
    assert!(
        findings
            .iter()
            .any(|finding| finding
                .contains("reads differently after the code has written it again: `seen.at`")),
        "{findings:?}"
    );
}
