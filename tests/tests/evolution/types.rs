//! Fields keep their names and change their type or contents.

use crate::scenario;

scenario! { a_field_changes_its_type:
    published {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String, pub price: i64 }
        crate::order!(Placed);
    }
    forgotten {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Money { cents: i64, currency: String }
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String, pub price: Money }
        crate::order!(Placed);
    }
    today {
        #[derive(Debug, PartialEq, Serialize, Deserialize, Shape)]
        pub struct Money {
            pub cents: i64,
            pub currency: String,
        }

        #[event(name = "order.placed", version = 2, previous = PlacedV1)]
        #[derive(Debug, PartialEq)]
        pub struct Placed {
            pub item: String,
            pub price: Money,
        }

        #[event(name = "order.placed", version = 1)]
        struct PlacedV1 {
            item: String,
            price: i64,
        }

        impl UpcastFrom<PlacedV1> for Placed {
            type Error = Infallible;
            fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                Ok(Self { item: old.item, price: Money { cents: old.price, currency: "EUR".into() } })
            }
        }
        crate::order!(Placed);
    }
    then {
        let old: Placed = read(1, &json!({ "item": "pen", "price": 120 })).expect("reads");
        assert_eq!(old, Placed { item: "pen".into(), price: Money { cents: 120, currency: "EUR".into() } });
    }
}

scenario! { a_field_becomes_optional:
    published {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String, pub price: i64 }
        crate::order!(Placed);
    }
    forgotten {
        #[event(name = "order.placed")]
        pub struct Placed { pub item: String, pub price: Option<i64> }
        crate::order!(Placed);
    }
    today {
        #[event(name = "order.placed", version = 2, previous = PlacedV1)]
        #[derive(Debug, PartialEq)]
        pub struct Placed {
            pub item: String,
            pub price: Option<i64>,
        }

        #[event(name = "order.placed", version = 1)]
        struct PlacedV1 {
            item: String,
            price: i64,
        }

        impl UpcastFrom<PlacedV1> for Placed {
            type Error = Infallible;
            fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                Ok(Self { item: old.item, price: Some(old.price) })
            }
        }
        crate::order!(Placed);
    }
    then {
        let old: Placed = read(1, &json!({ "item": "pen", "price": 120 })).expect("reads");
        assert_eq!(old, Placed { item: "pen".into(), price: Some(120) });
        let error = read::<Placed>(1, &json!({ "item": "pen" })).expect_err("version 1 has a price");
        assert!(error.to_string().contains("missing field"), "{error}");
    }
}

scenario! { a_number_gets_narrower:
    published {
        #[event(name = "order.placed")]
        pub struct Placed { pub pieces: i64 }
        crate::order!(Placed);
    }
    forgotten {
        #[event(name = "order.placed")]
        pub struct Placed { pub pieces: u32 }
        crate::order!(Placed);
    }
    today {
        #[event(name = "order.placed", version = 2, previous = PlacedV1)]
        #[derive(Debug, PartialEq)]
        pub struct Placed {
            pub pieces: u32,
        }

        #[event(name = "order.placed", version = 1)]
        struct PlacedV1 {
            pieces: i64,
        }

        impl UpcastFrom<PlacedV1> for Placed {
            type Error = std::num::TryFromIntError;
            fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Self::Error> {
                // Returned items have their own event now; the old program wrote 0 or less by mistake.
                Ok(Self { pieces: old.pieces.max(0).try_into()? })
            }
        }
        crate::order!(Placed);
    }
    then {
        for (pieces, then) in [(7_i64, 7), (-1, 0)] {
            assert_eq!(read::<Placed>(1, &json!({ "pieces": pieces })).expect("reads"), Placed { pieces: then });
        }
        let error = read::<Placed>(1, &json!({ "pieces": i64::MAX })).expect_err("too many");
        assert!(matches!(error.problem(), DecodeProblem::Upcast { from: 1, to: 2, .. }), "{error}");
    }
}

scenario! { a_type_in_several_events_changes_its_fields:
    published {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Money { pub cents: i64 }
        #[event(name = "order.placed")]
        pub struct Placed { pub price: Money }
        #[event(name = "order.cancelled")]
        pub struct Cancelled { pub refund: Option<Money> }
        crate::order!(Placed, Cancelled);
    }
    forgotten {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Money { pub cents: i64, pub currency: String }
        #[event(name = "order.placed")]
        pub struct Placed { pub price: Money }
        #[event(name = "order.cancelled")]
        pub struct Cancelled { pub refund: Option<Money> }
        crate::order!(Placed, Cancelled);
    }
    today {
        #[derive(Debug, PartialEq, Serialize, Shape)]
        pub struct Money {
            pub cents: i64,
            #[shape(added(in = 2, default = "EUR".to_owned()))]
            pub currency: String,
        }
        #[event(name = "order.placed")]
        pub struct Placed { pub price: Money }
        #[event(name = "order.cancelled")]
        pub struct Cancelled { pub refund: Option<Money> }
        crate::order!(Placed, Cancelled);
    }
    then {
        let money = |currency: &str| Money { cents: 5, currency: currency.into() };
        let old: Placed = read(1, &json!({ "price": { "cents": 5 } })).expect("reads");
        assert_eq!(old.price, money("EUR"));
        let old: Cancelled = read(1, &json!({ "refund": { "cents": 5 } })).expect("reads");
        assert_eq!(old.refund, Some(money("EUR")));
        let new: Placed = read(1, &json!({ "price": { "cents": 5, "currency": "CHF" } })).expect("reads");
        assert_eq!(new.price, money("CHF"));
    }
}

#[test]
fn a_variant_says_itself_that_it_was_added() {
    use crate::prelude::*;

    #[derive(Debug, PartialEq, Serialize, Shape)]
    pub enum Way {
        Web,
        Shop,
        #[shape(added(in = 2))]
        Phone,
    }

    #[event(name = "order.placed")]
    pub struct Placed {
        via: Way,
    }

    let read = |via: &str| read::<Placed>(1, &json!({ "via": via })).expect("reads").via;
    assert_eq!([read("Web"), read("Shop"), read("Phone")], [Way::Web, Way::Shop, Way::Phone]);
}

scenario! { a_variant_is_added_to_a_nested_enum:
    published {
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Channel { Web, Shop }
        #[event(name = "order.placed")]
        pub struct Placed { pub via: Channel }
        crate::order!(Placed);
    }
    forgotten {
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Channel { Web, Shop, Phone }
        #[event(name = "order.placed")]
        pub struct Placed { pub via: Channel }
        crate::order!(Placed);
    }
    today {
        #[derive(Debug, PartialEq, Serialize, Deserialize, Shape)]
        pub enum Channel {
            Web,
            Shop,
            Phone,
        }

        #[derive(Serialize, Deserialize, Shape)]
        #[shape(name = "Channel")]
        enum ChannelV1 {
            Web,
            Shop,
        }

        #[event(name = "order.placed", version = 2, previous = PlacedV1)]
        #[derive(Debug, PartialEq)]
        pub struct Placed {
            pub via: Channel,
        }

        #[event(name = "order.placed", version = 1)]
        struct PlacedV1 {
            via: ChannelV1,
        }

        impl UpcastFrom<PlacedV1> for Placed {
            type Error = Infallible;
            fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                let via = match old.via {
                    ChannelV1::Web => Channel::Web,
                    ChannelV1::Shop => Channel::Shop,
                };
                Ok(Self { via })
            }
        }
        crate::order!(Placed);
    }
    then {
        assert_eq!(read::<Placed>(1, &json!({ "via": "Shop" })).expect("reads").via, Channel::Shop);
        assert!(read::<Placed>(1, &json!({ "via": "Phone" })).is_err(), "no old program wrote this");
        assert_eq!(read::<Placed>(2, &json!({ "via": "Phone" })).expect("reads").via, Channel::Phone);
    }
}
