//! The same JSON, with a different meaning.

use crate::scenario;

scenario! { the_meaning_changes_and_the_shape_does_not:
    published {
        #[event(name = "order.placed")]
        pub struct Placed { pub cents: i64 }
        crate::order!(Placed);
    }
    forgotten {
        #[event(name = "order.placed", semantics = "without tax")]
        pub struct Placed { pub cents: i64 }
        crate::order!(Placed);
    }
    today {
        #[event(name = "order.placed", version = 2, previous = PlacedV1, semantics = "without tax")]
        #[derive(Debug, PartialEq)]
        pub struct Placed {
            pub cents: i64,
        }

        #[event(name = "order.placed", version = 1)]
        struct PlacedV1 {
            cents: i64,
        }

        impl UpcastFrom<PlacedV1> for Placed {
            type Error = Infallible;
            fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                Ok(Self { cents: old.cents * 100 / 119 })
            }
        }
        crate::order!(Placed);
    }
    then {
        assert_eq!(read::<Placed>(1, &json!({ "cents": 119 })).expect("reads"), Placed { cents: 100 });
        assert_eq!(read::<Placed>(2, &json!({ "cents": 119 })).expect("reads"), Placed { cents: 119 });
    }
}

scenario! { a_value_gets_another_unit:
    published {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Pounds(u32);
        #[event(name = "order.placed")]
        pub struct Placed { pub weight: Pounds }
        crate::order!(Placed);
    }
    forgotten {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Grams(u32);
        #[event(name = "order.placed")]
        pub struct Placed { pub weight: Grams }
        crate::order!(Placed);
    }
    today {
        #[derive(Debug, PartialEq, Serialize, Deserialize, Shape)]
        pub struct Grams(pub u32);

        #[derive(Serialize, Deserialize, Shape)]
        struct Pounds(u32);

        #[event(name = "order.placed", version = 2, previous = PlacedV1)]
        #[derive(Debug, PartialEq)]
        pub struct Placed {
            pub weight: Grams,
        }

        #[event(name = "order.placed", version = 1)]
        struct PlacedV1 {
            weight: Pounds,
        }

        impl UpcastFrom<PlacedV1> for Placed {
            type Error = Infallible;
            fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
                Ok(Self { weight: Grams(old.weight.0 * 500) })
            }
        }
        crate::order!(Placed);
    }
    then {
        assert_eq!(read::<Placed>(1, &json!({ "weight": 2 })).expect("reads").weight, Grams(1000));
        assert_eq!(read::<Placed>(2, &json!({ "weight": 2 })).expect("reads").weight, Grams(2));
    }
}
