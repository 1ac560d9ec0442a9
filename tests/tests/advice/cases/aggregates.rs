//! Aggregates, their streams and their events, and projections.

use crate::case::Case;

/// An aggregate with its keys, and the events of this module.
macro_rules! program {
    ([$($struct_name:ident ($keys:literal): $($event:ident)*;)+] $(extra $extra:literal)? lock $lock:literal) => {
        concat!(
            "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\n",
            "#[event(name = \"order.seen\")] pub struct Seen { pub by: u8 }\n",
            "#[event(name = \"order.sent\")] pub struct Sent { pub to: u8 }\n",
            $(
                "#[derive(Aggregate, Default)] #[aggregate(", $keys, ")] pub struct ", stringify!($struct_name), ";\n",
                $("impl Apply<", stringify!($event), "> for ", stringify!($struct_name),
                  " { fn apply(&mut self, _: ", stringify!($event), ") {} }\n",)*
            )+
            $($extra,)?
            "pub fn lock(lock: Lock) -> Lock { ", $lock, " }",
        )
    };
}

pub(crate) const CASES: &[Case] = &[
    Case::new(
        "an aggregate is renamed",
        program!([Order ("name = \"order\", id = String, events(Placed)"): Placed;] lock "lock.with::<Order>()"),
        program!([Order ("name = \"purchase\", id = String, events(Placed)"): Placed;] lock "lock.with::<Order>()"),
    )
    .fixed(&[program!([Order ("name = \"purchase\", was(\"order\"), id = String, events(Placed)"): Placed;]
                      lock "lock.with::<Order>()")]),
    Case::new(
        "an aggregate is renamed again",
        program!([Order ("name = \"order\", was(\"konto\"), id = String, events(Placed)"): Placed;] lock "lock.with::<Order>()"),
        program!([Order ("name = \"purchase\", was(\"konto\"), id = String, events(Placed)"): Placed;] lock "lock.with::<Order>()"),
    )
    .fixed(&[program!([Order ("name = \"purchase\", was(\"konto\", \"order\"), id = String, events(Placed)"): Placed;]
                      lock "lock.with::<Order>()")]),
    Case::new(
        "an aggregate is gone",
        program!([Order ("name = \"order\", id = String, events(Placed)"): Placed;
                 Visit ("name = \"visit\", id = String, events(Seen)"): Seen;] lock "lock.with::<Order>().with::<Visit>()"),
        program!([Order ("name = \"order\", id = String, events(Placed)"): Placed;] lock "lock.with::<Order>()"),
    )
    .fixed(&[program!([Order ("name = \"order\", id = String, events(Placed)"): Placed;
                      Call ("name = \"call\", was(\"visit\"), id = String, events(Seen)"): Seen;]
                      lock "lock.with::<Order>().with::<Call>()")]),
    Case::new(
        "an earlier name of an aggregate is forgotten",
        program!([Order ("name = \"order\", was(\"a\", \"b\"), id = String, events(Placed)"): Placed;] lock "lock.with::<Order>()"),
        program!([Order ("name = \"order\", was(\"a\"), id = String, events(Placed)"): Placed;] lock "lock.with::<Order>()"),
    )
    .fixed(&[program!([Order ("name = \"order\", was(\"a\", \"b\"), id = String, events(Placed)"): Placed;] lock "lock.with::<Order>()")]),
    Case::new(
        "an event moves to another aggregate",
        program!([Order ("name = \"order\", id = String, events(Placed, Seen)"): Placed Seen;] lock "lock.with::<Order>()"),
        program!([Order ("name = \"order\", id = String, events(Placed)"): Placed;
                 Visit ("name = \"visit\", id = String, events(Seen)"): Seen;] lock "lock.with::<Order>().with::<Visit>()"),
    )
    .fixed(&[
        program!([Order ("name = \"order\", id = String, events(Placed, Seen)"): Placed Seen;
                 Visit ("name = \"visit\", id = String, events(Seen)"): Seen;] lock "lock.with::<Order>().with::<Visit>()"),
        program!([Order ("name = \"order\", id = String, events(Placed), retired(Seen)"): Placed;
                 Visit ("name = \"visit\", id = String, events(Seen)"): Seen;]
                 extra "impl Retired<Seen> for Order { type Error = Infallible;\n\
                        fn retired(_: Seen, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> { emit(()) } }\n"
                 lock "lock.with::<Order>().with::<Visit>()"),
    ]),
    Case::new(
        "an event leaves an aggregate that has retired another one",
        program!([Order ("name = \"order\", id = String, events(Placed, Seen), retired(Sent)"): Placed Seen;
                 Visit ("name = \"visit\", id = String, events(Seen)"): Seen;]
                 extra "impl Retired<Sent> for Order { type Error = Infallible;\n\
                        fn retired(_: Sent, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> { emit(()) } }\n"
                 lock "lock.with::<Order>().with::<Visit>()"),
        program!([Order ("name = \"order\", id = String, events(Placed), retired(Sent)"): Placed;
                 Visit ("name = \"visit\", id = String, events(Seen)"): Seen;]
                 extra "impl Retired<Sent> for Order { type Error = Infallible;\n\
                        fn retired(_: Sent, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> { emit(()) } }\n"
                 lock "lock.with::<Order>().with::<Visit>()"),
    )
    .fixed(&[
        program!([Order ("name = \"order\", id = String, events(Placed, Seen), retired(Sent)"): Placed Seen;
                 Visit ("name = \"visit\", id = String, events(Seen)"): Seen;]
                 extra "impl Retired<Sent> for Order { type Error = Infallible;\n\
                        fn retired(_: Sent, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> { emit(()) } }\n"
                 lock "lock.with::<Order>().with::<Visit>()"),
        program!([Order ("name = \"order\", id = String, events(Placed), retired(Sent, Seen)"): Placed;
                 Visit ("name = \"visit\", id = String, events(Seen)"): Seen;]
                 extra "impl Retired<Sent> for Order { type Error = Infallible;\n\
                        fn retired(_: Sent, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> { emit(()) } }\n\
                        impl Retired<Seen> for Order { type Error = Infallible;\n\
                        fn retired(_: Seen, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> { emit(()) } }\n"
                 lock "lock.with::<Order>().with::<Visit>()"),
    ]),
    Case::new(
        "an aggregate is not in the lock test",
        program!([Order ("name = \"order\", id = String, events(Placed)"): Placed;] lock "lock.with::<Order>()"),
        program!([Order ("name = \"order\", id = String, events(Placed)"): Placed;]
                 lock "lock.with::<Order>().for_all_in(crate::sources(), &[])"),
    )
    .fixed(&[
        program!([Order ("name = \"order\", id = String, events(Placed)"): Placed;
                 Draft ("name = \"draft\", id = String, events(Seen)"): Seen;]
                 extra "mod test { use super::*; es_core::lock_test!(Draft, Order); }\n"
                 lock "lock.with::<Draft>().with::<Order>().for_all_in(crate::sources(), &[])"),
        program!([Order ("name = \"order\", id = String, events(Placed)"): Placed;
                 Draft ("name = \"draft\", id = String, events(Seen)"): Seen;]
                 extra "mod test { use super::*; es_core::lock_test!(Order; without: \"draft\"); }\n"
                 lock "lock.with::<Order>().for_all_in(crate::sources(), &[\"draft\"])"),
    ]),
    Case::new(
        "an event of a projection gets a field",
        "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\n\
         #[derive(Projection)] #[projection(name = \"totals\", events(Placed), model = u64)] pub struct Totals;\n\
         impl Project<Placed> for Totals { async fn project(&self, _: &Recorded<Placed>, _: &mut u64) -> Result<(), BoxError> { Ok(()) } }\n\
         pub fn lock(lock: Lock) -> Lock { lock.with_projection::<Totals>() }",
        "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8, pub by_whom: u8 }\n\
         #[derive(Projection)] #[projection(name = \"totals\", events(Placed), model = u64)] pub struct Totals;\n\
         impl Project<Placed> for Totals { async fn project(&self, _: &Recorded<Placed>, _: &mut u64) -> Result<(), BoxError> { Ok(()) } }\n\
         pub fn lock(lock: Lock) -> Lock { lock.with_projection::<Totals>() }",
    )
    .answers(&[("by_whom", "9")])
    .stored("events/order.placed/v1.json", "{\"item\": 3}", "{\"item\": 3, \"by_whom\": 9}"),
];
