//! Fields are added, removed and renamed.

use crate::scenario;

scenario! { a_required_field_is_added:
    published {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String }
        crate::order!(Placed);
    }
    forgotten {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String, pub currency: String }
        crate::order!(Placed);
    }
    today {
        #[event(name = "order.placed", version = 2)]
        #[derive(Debug, PartialEq)]
        pub struct Placed {
            pub item: String,
            #[event(added(in = 2, default = "EUR".to_owned()))]
            pub currency: String,
        }
        crate::order!(Placed);
    }
    then {
        let old: Placed = read(1, &json!({ "item": "pen" })).expect("reads");
        assert_eq!(old, Placed { item: "pen".into(), currency: "EUR".into() });
        let new = read::<Placed>(2, &json!({ "item": "pen" })).expect_err("version 2 has a currency");
        assert!(new.to_string().contains("missing field"), "{new}");
    }
}

scenario! { an_optional_field_is_added:
    published {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String }
        crate::order!(Placed);
    }
    forgotten {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String, pub note: Option<String> }
        crate::order!(Placed);
    }
    today {
        #[event(name = "order.placed", version = 2)]
        #[derive(Debug, PartialEq)]
        pub struct Placed {
            pub item: String,
            #[event(added(in = 2, default))]
            pub note: Option<String>,
        }
        crate::order!(Placed);
    }
    then {
        let old: Placed = read(1, &json!({ "item": "pen" })).expect("reads");
        assert_eq!(old, Placed { item: "pen".into(), note: None });
    }
}

scenario! { a_field_is_renamed:
    published {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String, pub pieces: u32 }
        crate::order!(Placed);
    }
    forgotten {
        #[event(name = "order.placed")]
        pub struct Placed { pub product: String, pub pieces: u32 }
        crate::order!(Placed);
    }
    today {
        #[event(name = "order.placed", version = 2)]
        #[derive(Debug, PartialEq)]
        pub struct Placed {
            #[event(renamed(in = 2, from = "item"))]
            pub product: String,
            pub pieces: u32,
        }
        crate::order!(Placed);
    }
    then {
        let old: Placed = read(1, &json!({ "item": "pen", "pieces": 2 })).expect("reads");
        assert_eq!(old, Placed { product: "pen".into(), pieces: 2 });
        assert!(read::<Placed>(2, &json!({ "item": "pen", "pieces": 2 })).is_err());
    }
}

scenario! { a_field_is_removed:
    published {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String, pub note: String }
        crate::order!(Placed);
    }
    forgotten {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String }
        crate::order!(Placed);
    }
    today {
        #[event(name = "order.placed", version = 2, removed(in = 2, note: String))]
        #[derive(Debug, PartialEq)]
        pub struct Placed {
            pub item: String,
        }
        crate::order!(Placed);
    }
    then {
        let old: Placed = read(1, &json!({ "item": "pen", "note": "red" })).expect("reads");
        assert_eq!(old, Placed { item: "pen".into() });
    }
}

scenario! { the_name_of_a_removed_field_is_used_again:
    published {
        #[event(name = "order.placed", version = 2, removed(in = 2, note: String))]
        pub struct Placed { pub item: String }
        crate::order!(Placed);
    }
    forgotten {
        #[event(name = "order.placed", version = 2)]
        pub struct Placed {
            pub item: String,
            #[event(added(in = 2, default))]
            pub note: u32,
        }
        crate::order!(Placed);
    }
    today {
        #[event(name = "order.placed", version = 3, removed(in = 2, note: String))]
        #[derive(Debug, PartialEq)]
        pub struct Placed {
            pub item: String,
            #[event(added(in = 3, default = 0))]
            pub note: u32,
        }
        crate::order!(Placed);
    }
    then {
        for (version, payload, note) in [
            (1, json!({ "item": "pen", "note": "red" }), 0),
            (2, json!({ "item": "pen" }), 0),
            (3, json!({ "item": "pen", "note": 7 }), 7),
        ] {
            let event: Placed = read(version, &payload).expect("reads");
            assert_eq!(event, Placed { item: "pen".into(), note });
        }
    }
}
