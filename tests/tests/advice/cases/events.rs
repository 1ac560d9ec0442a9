//! Events that are renamed, retired or removed.

use crate::case::Case;

const FILE: &str = "events/order.placed/v1.json";

pub(crate) const CASES: &[Case] = &[
    Case::new(
        "an event is renamed",
        "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\norder!(Placed);",
        "#[event(name = \"order.submitted\")] pub struct Submitted { pub item: u8 }\norder!(Submitted);",
    )
    .fixed(&["#[event(name = \"order.submitted\", was(\"order.placed\"))] pub struct Submitted { pub item: u8 }\norder!(Submitted);"])
    .stored(FILE, "{\"item\": 3}", "{\"item\": 3}"),
    Case::new(
        "an event is renamed again",
        "#[event(name = \"order.placed\", was(\"order.made\"))] pub struct Placed { pub item: u8 }\norder!(Placed);",
        "#[event(name = \"order.submitted\", was(\"order.made\"))] pub struct Placed { pub item: u8 }\norder!(Placed);",
    )
    .fixed(&["#[event(name = \"order.submitted\", was(\"order.made\", \"order.placed\"))] pub struct Placed { pub item: u8 }\n\
              order!(Placed);"])
    .stored(FILE, "{\"item\": 3}", "{\"item\": 3}"),
    Case::new(
        "an earlier name is forgotten",
        "#[event(name = \"order.placed\", was(\"order.made\", \"order.begun\"))] pub struct Placed { pub item: u8 }\norder!(Placed);",
        "#[event(name = \"order.placed\", was(\"order.begun\"))] pub struct Placed { pub item: u8 }\norder!(Placed);",
    )
    .fixed(&["#[event(name = \"order.placed\", was(\"order.begun\", \"order.made\"))] pub struct Placed { pub item: u8 }\norder!(Placed);"]),
    Case::new(
        "an earlier name is given to another event",
        "#[event(name = \"order.placed\", was(\"order.made\"))] pub struct Placed { pub item: u8 }\norder!(Placed);",
        "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\n\
         #[event(name = \"order.made\")] pub struct Made { pub count: u8 }\norder!(Placed, Made);",
    )
    .fixed(&["#[event(name = \"order.placed\", was(\"order.made\"))] pub struct Placed { pub item: u8 }\n\
              #[event(name = \"order.produced\")] pub struct Made { pub count: u8 }\norder!(Placed, Made);"]),
    Case::new(
        "an event is gone",
        "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\n\
         #[event(name = \"order.seen\")] pub struct Seen { pub by: String }\norder!(Placed, Seen);",
        "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\norder!(Placed);",
    )
    .fixed(&["#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\n\
              #[event(name = \"order.seen\")] pub struct Seen { pub by: String }\n\
              #[derive(Aggregate, Default)] #[aggregate(name = \"order\", id = String, events(Placed), retired(Seen))] pub struct Order;\n\
              impl Apply<Placed> for Order { fn apply(&mut self, _: Placed) {} }\n\
              impl Retired<Seen> for Order { type Error = Infallible;\n\
              fn retired(_: Seen, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> { emit(()) } }\n\
              pub fn lock(lock: Lock) -> Lock { lock.with::<Order>() }"]),
    Case::new(
        "an old version is gone",
        "#[event(name = \"order.placed\", version = 2, previous = PlacedV1)] pub struct Placed { pub n: u8 }\n\
         #[event(name = \"order.placed\")] pub struct PlacedV1 { pub m: u8 }\n\
         impl UpcastFrom<PlacedV1> for Placed { type Error = Infallible;\n\
         fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> { Ok(Self { n: old.m }) } }\norder!(Placed);",
        "#[event(name = \"order.placed\", version = 3, previous = PlacedV2)] pub struct Placed { pub n: u8 }\n\
         #[event(name = \"order.placed\", version = 2, removed(in = 2, m: u8))] pub struct PlacedV2 { #[event(added(in = 2, default = 0))] pub n: u8 }\n\
         impl UpcastFrom<PlacedV2> for Placed { type Error = Infallible;\n\
         fn upcast_from(old: PlacedV2, _: &UpcastContext<'_>) -> Result<Self, Infallible> { Ok(Self { n: old.n }) } }\norder!(Placed);",
    ),
    Case::new(
        "two events exchange their names",
        "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\n\
         #[event(name = \"order.seen\")] pub struct Seen { pub item: u8 }\norder!(Placed, Seen);",
        "#[event(name = \"order.seen\")] pub struct Placed { pub item: u8 }\n\
         #[event(name = \"order.placed\")] pub struct Seen { pub item: u8 }\norder!(Placed, Seen);",
    )
    .fixed(&["#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\n\
              #[event(name = \"order.seen\")] pub struct Seen { pub item: u8 }\norder!(Placed, Seen);"]),
    Case::new(
        "what a payload means has changed",
        "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8, #[serde(default)] pub way: Way }\n\
         #[derive(Default, Serialize, Deserialize, Shape)] pub enum Way { #[default] Web, Fax }\norder!(Placed);",
        "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8, #[serde(default)] pub way: Way }\n\
         #[derive(Default, Serialize, Deserialize, Shape)] pub enum Way { Web, #[default] Fax }\norder!(Placed);",
    ),
];
