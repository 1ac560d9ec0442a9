//! Events are renamed, retired, split and merged.

use es_core::lock::Mode;

use crate::folder::Folder;
use crate::scenario;

#[test]
fn a_struct_is_renamed_or_moved() {
    mod published {
        use crate::prelude::*;

        #[event(name = "order.placed")]
        pub struct Placed {
            pub item: String,
        }
        crate::order!(Placed);
    }
    mod today {
        use crate::prelude::*;

        pub mod checkout {
            #[es_core::event(name = "order.placed")]
            pub struct OrderPlaced {
                pub item: String,
            }
        }
        use checkout::OrderPlaced;
        crate::order!(OrderPlaced);
    }
    let folder = Folder::with::<published::Order>("evolution_a_struct_is_renamed");
    folder.run::<today::Order>(Mode::Check).expect("nothing has changed");
}

scenario! { an_event_is_renamed:
    published {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String }
        crate::order!(Placed);
    }
    forgotten {
        #[event(name = "order.submitted")]
        pub struct Submitted { pub item: String }
        crate::order!(Submitted);
    }
    today {
        #[event(name = "order.submitted", was("order.placed"))]
        pub struct Submitted {
            pub item: String,
        }

        #[derive(Aggregate, Debug, Default, PartialEq)]
        #[aggregate(name = "order", id = String, events(Submitted))]
        pub struct Order {
            pub items: Vec<String>,
        }
        impl Apply<Submitted> for Order {
            fn apply(&mut self, event: Submitted) {
                self.items.push(event.item);
            }
        }
    }
    then {
        given::<Order>(())
            .and_stored("order.placed", 1, &json!({ "item": "pen" }))
            .and(Submitted { item: "ink".into() })
            .then_state(&Order { items: vec!["pen".into(), "ink".into()] });
        assert_eq!(Submitted::NAME, "order.submitted");
    }
}

scenario! { an_event_is_retired:
    published {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String }
        #[event(name = "order.viewed")]
        pub struct Viewed { pub by: String }
        crate::order!(Placed, Viewed);
    }
    forgotten {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String }
        crate::order!(Placed);
    }
    today {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String }

        #[event(name = "order.viewed")]
        pub struct Viewed { pub by: String }

        #[derive(Aggregate, Debug, Default, PartialEq)]
        #[aggregate(name = "order", id = String, events(Placed), retired(Viewed))]
        pub struct Order {
            pub items: Vec<String>,
        }
        impl Apply<Placed> for Order {
            fn apply(&mut self, event: Placed) {
                self.items.push(event.item);
            }
        }

        impl Retired<Viewed> for Order {
            type Error = Infallible;
            fn retired(_: Viewed, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
                emit(())
            }
        }
    }
    then {
        given::<Order>(Placed { item: "pen".into() })
            .and_stored("order.viewed", 1, &json!({ "by": "Ann" }))
            .then_state(&Order { items: vec!["pen".into()] });
    }
}

scenario! { one_event_becomes_several:
    published {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String, pub address: String }
        crate::order!(Placed);
    }
    forgotten {
        #[event(name = "order.opened")]
        pub struct Opened { pub item: String }
        #[event(name = "order.addressed")]
        pub struct Addressed { pub to: String }
        crate::order!(Opened, Addressed);
    }
    today {
        #[event(name = "order.opened")]
        pub struct Opened { pub item: String }
        #[event(name = "order.addressed")]
        pub struct Addressed { pub to: String }

        #[event(name = "order.placed")]
        pub struct Placed { pub item: String, pub address: String }

        #[derive(Aggregate, Debug, Default, PartialEq)]
        #[aggregate(name = "order", id = String, events(Opened, Addressed), retired(Placed))]
        pub struct Order {
            pub item: String,
            pub address: Option<String>,
        }

        impl Retired<Placed> for Order {
            type Error = Infallible;
            fn retired(old: Placed, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
                emit((Opened { item: old.item }, Addressed { to: old.address }))
            }
        }
        impl Apply<Opened> for Order {
            fn apply(&mut self, event: Opened) {
                self.item = event.item;
            }
        }
        impl Apply<Addressed> for Order {
            fn apply(&mut self, event: Addressed) {
                self.address = Some(event.to);
            }
        }
    }
    then {
        given::<Order>(())
            .and_stored("order.placed", 1, &json!({ "item": "pen", "address": "Rome" }))
            .then_state(&Order { item: "pen".into(), address: Some("Rome".into()) });
    }
}

scenario! { several_events_become_one:
    published {
        #[event(name = "order.packed")]
        pub struct Packed { pub grams: u32 }
        #[event(name = "order.labelled")]
        pub struct Labelled { pub to: String }
        crate::order!(Packed, Labelled);
    }
    forgotten {
        #[event(name = "order.prepared")]
        pub struct Prepared { pub grams: u32, pub to: String }
        crate::order!(Prepared);
    }
    today {
        #[event(name = "order.packed")]
        pub struct Packed { pub grams: u32 }
        #[event(name = "order.labelled")]
        pub struct Labelled { pub to: String }

        #[event(name = "order.prepared")]
        pub struct Prepared {
            /// Missing if the event replaces an old one that only contained the other half.
            pub grams: Option<u32>,
            pub to: Option<String>,
        }

        impl Retired<Packed> for Order {
            type Error = Infallible;
            fn retired(old: Packed, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
                emit(Prepared { grams: Some(old.grams), to: None })
            }
        }

        impl Retired<Labelled> for Order {
            type Error = Infallible;
            fn retired(old: Labelled, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
                emit(Prepared { grams: None, to: Some(old.to) })
            }
        }

        impl Apply<Prepared> for Order {
            fn apply(&mut self, event: Prepared) {
                self.grams = event.grams.or(self.grams);
                self.to = event.to.or_else(|| self.to.take());
            }
        }

        #[derive(Aggregate, Debug, Default, PartialEq)]
        #[aggregate(name = "order", id = String, events(Prepared), retired(Packed, Labelled))]
        pub struct Order {
            pub grams: Option<u32>,
            pub to: Option<String>,
        }
    }
    then {
        let prepared = Order { grams: Some(5), to: Some("Rome".into()) };
        given::<Order>(())
            .and_stored("order.packed", 1, &json!({ "grams": 5 }))
            .and_stored("order.labelled", 1, &json!({ "to": "Rome" }))
            .then_state(&prepared);
        given::<Order>(Prepared { grams: Some(5), to: Some("Rome".into()) }).then_state(&prepared);
    }
}
