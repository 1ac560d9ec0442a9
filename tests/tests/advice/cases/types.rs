//! Types within events, and events that are not structs with named fields.

use crate::case::Case;

const FILE: &str = "events/order.placed/v1.json";

/// An event that contains an enum, which gets another variant.
macro_rules! representation {
    ($name:literal, $attribute:literal, $one:literal, $two:literal) => {
        Case::new(
            concat!("a variant of an enum that is ", $name),
            concat!(
                "#[derive(Serialize, Deserialize, Shape)] ", $attribute,
                " pub enum Way { Web { r#type: u8 }, Shop { number: u8 } }\n\
                 #[derive(Serialize, Deserialize, Shape)] pub struct Line { pub via: Option<Way> }\n\
                 #[event(name = \"order.placed\")] pub struct Placed { pub lines: Vec<Line>, pub note: String }\norder!(Placed);"
            ),
            concat!(
                "#[derive(Serialize, Deserialize, Shape)] ", $attribute,
                " pub enum Way { Web { r#type: u8 }, Shop { number: u8 }, Fax { line: String } }\n\
                 #[derive(Serialize, Deserialize, Shape)] pub struct Line { pub via: Option<Way> }\n\
                 #[event(name = \"order.placed\")] pub struct Placed { pub lines: Vec<Line>, pub note: String }\norder!(Placed);"
            ),
        )
        .fixed(&[concat!(
            "#[derive(Serialize, Shape)] ", $attribute,
            " pub enum Way { Web { r#type: u8 }, Shop { number: u8 }, #[shape(added(in = 2))] Fax { line: String } }\n\
             #[derive(Serialize, Deserialize, Shape)] pub struct Line { pub via: Option<Way> }\n\
             #[event(name = \"order.placed\")] pub struct Placed { pub lines: Vec<Line>, pub note: String }\norder!(Placed);"
        )])
        .answers(&[(
            "lines",
            "old.lines.into_iter().map(|line| Line { via: line.via.map(|way| match way { \
             WayAsItWas::Web { r#type } => Way::Web { r#type }, WayAsItWas::Shop { number } => Way::Shop { number } }) }).collect()",
        )])
        .stored(
            FILE,
            concat!("{\"lines\": [{\"via\": ", $one, "}, {\"via\": ", $two, "}], \"note\": \"\"}"),
            concat!("{\"lines\": [{\"via\": ", $one, "}, {\"via\": ", $two, "}], \"note\": \"\"}"),
        )
    };
}

pub(crate) const CASES: &[Case] = &[
    representation!("tagged outside", "", "{\"Web\": {\"type\": 1}}", "{\"Shop\": {\"number\": 2}}"),
    representation!(
        "tagged inside",
        "#[serde(tag = \"kind\", rename_all = \"kebab-case\")]",
        "{\"kind\": \"web\", \"type\": 1}",
        "{\"kind\": \"shop\", \"number\": 2}"
    ),
    representation!(
        "tagged beside",
        "#[serde(tag = \"t\", content = \"c\")]",
        "{\"t\": \"Web\", \"c\": {\"type\": 1}}",
        "{\"t\": \"Shop\", \"c\": {\"number\": 2}}"
    ),
    Case { fixed: &[], ..representation!("untagged", "#[serde(untagged)]", "{\"type\": 1}", "{\"number\": 2}") },
    Case::new(
        "two types of one name",
        "pub mod a { use super::*; #[derive(Serialize, Deserialize, Shape)] pub struct Money { pub cents: i64 } }\n\
         #[derive(Serialize, Deserialize, Shape)] #[shape(name = \"Money\")] pub struct Price { pub euros: u8 }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub one: a::Money, pub two: Price }\norder!(Placed);",
        "pub mod a { use super::*; #[derive(Serialize, Deserialize, Shape)] pub struct Money { pub cents: i64 } }\n\
         #[derive(Serialize, Deserialize, Shape)] #[shape(name = \"Money\")] pub struct Price { pub euros: u16 }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub one: a::Money, pub two: Price }\norder!(Placed);",
    )
    .answers(&[("two", "Price { euros: old.two.euros.into() }")])
    .stored(
        FILE,
        r#"{"one": {"cents": 1}, "two": {"euros": 2}}"#,
        r#"{"one": {"cents": 1}, "two": {"euros": 2}}"#,
    ),
    Case::new(
        "a generic type, in two instances",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Page<T> { pub items: Vec<T>, pub size: u8 }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub one: Page<u8>, pub two: Page<String> }\norder!(Placed);",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Page<T> { pub items: Vec<T>, pub size: u16 }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub one: Page<u8>, pub two: Page<String> }\norder!(Placed);",
    )
    .answers(&[
        ("one", "Page { items: old.one.items, size: old.one.size.into() }"),
        ("two", "Page { items: old.two.items, size: old.two.size.into() }"),
    ])
    .stored(
        FILE,
        r#"{"one": {"items": [1], "size": 2}, "two": {"items": ["a"], "size": 3}}"#,
        r#"{"one": {"items": [1], "size": 2}, "two": {"items": ["a"], "size": 3}}"#,
    ),
    Case::new(
        "a type within a result",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Fault { pub code: u8 }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub done: Result<u8, Fault> }\norder!(Placed);",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Fault { pub code: u16 }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub done: Result<u8, Fault> }\norder!(Placed);",
    )
    .answers(&[("done", "old.done.map_err(|fault| Fault { code: fault.code.into() })")])
    .stored(FILE, r#"{"done": {"Err": {"code": 1}}}"#, r#"{"done": {"Err": {"code": 1}}}"#),
    Case::new(
        "a flattened type changes",
        "#[derive(Serialize, Deserialize, Shape)] #[serde(rename_all = \"camelCase\")] pub struct Address { pub street_name: String }\n\
         #[event(name = \"order.placed\")] pub struct Placed { #[serde(flatten)] pub to: Address, pub r#use: u8 }\norder!(Placed);",
        "#[derive(Serialize, Deserialize, Shape)] #[serde(rename_all = \"camelCase\")]\n\
         pub struct Address { pub street_name: String, pub door: u8 }\n\
         #[event(name = \"order.placed\")] pub struct Placed { #[serde(flatten)] pub to: Address, pub r#use: u8 }\norder!(Placed);",
    )
    .answers(&[("to", "Address { street_name: old.to.street_name, door: 0 }")])
    .fixed(&["#[derive(Serialize, Shape)] #[serde(rename_all = \"camelCase\")]\n\
              pub struct Address { pub street_name: String, #[shape(added(in = 2, default = 0))] pub door: u8 }\n\
              #[event(name = \"order.placed\")] pub struct Placed { #[serde(flatten)] pub to: Address, pub r#use: u8 }\norder!(Placed);"])
    .stored(
        FILE,
        r#"{"streetName": "Main", "use": 1}"#,
        r#"{"streetName": "Main", "door": 0, "use": 1}"#,
    ),
    Case::new(
        "a variant is renamed",
        "#[derive(Serialize, Deserialize, Shape)] #[serde(rename_all = \"kebab-case\")] pub enum Way { WebShop, Agent }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub via: Way }\norder!(Placed);",
        "#[derive(Serialize, Deserialize, Shape)] #[serde(rename_all = \"kebab-case\")] pub enum Way { Online, Agent }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub via: Way }\norder!(Placed);",
    )
    .answers(&[("via", "match old.via { WayAsItWas::WebShop => Way::Online, WayAsItWas::Agent => Way::Agent }")])
    .fixed(&["#[derive(Serialize, Deserialize, Shape)] #[serde(rename_all = \"kebab-case\")]\n\
              pub enum Way { #[serde(rename = \"web-shop\")] Online, Agent }\n\
              #[event(name = \"order.placed\")] pub struct Placed { pub via: Way }\norder!(Placed);",
             "#[derive(Serialize, Shape)] #[serde(rename_all = \"kebab-case\")]\n\
              pub enum Way { #[shape(renamed(in = 2, from = \"web-shop\"))] Online, Agent }\n\
              #[event(name = \"order.placed\")] pub struct Placed { pub via: Way }\norder!(Placed);"]),
    Case::new(
        "a type is renamed in Rust",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Money { pub cents: i64 }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub price: Money }\norder!(Placed);",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Price { pub cents: i64 }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub price: Price }\norder!(Placed);",
    )
    .answers(&[("price", "Price { cents: old.price.cents }")])
    .fixed(&["#[derive(Serialize, Deserialize, Shape)] #[shape(name = \"Money\")] pub struct Price { pub cents: i64 }\n\
              #[event(name = \"order.placed\")] pub struct Placed { pub price: Price }\norder!(Placed);"]),
    Case::new(
        "a newtype",
        "#[event(name = \"order.placed\")] pub struct Placed(pub u8);\norder!(Placed);",
        "#[event(name = \"order.placed\")] pub struct Placed(pub String);\norder!(Placed);",
    )
    .answers(&[("", "Ok(Self(old.0.to_string()))")])
    .stored(FILE, "3", "\"3\""),
    Case::new(
        "a tuple",
        "#[event(name = \"order.placed\")] pub struct Placed(pub u8, pub String);\norder!(Placed);",
        "#[event(name = \"order.placed\")] pub struct Placed(pub u8, pub String, pub bool);\norder!(Placed);",
    )
    .answers(&[("", "Ok(Self(old.0, old.1, true))")])
    .stored(FILE, "[3, \"a\"]", "[3, \"a\", true]"),
    Case::new(
        "a unit that gets a field",
        "#[event(name = \"order.placed\")] pub struct Placed;\norder!(Placed);",
        "#[event(name = \"order.placed\")] pub struct Placed { pub r#type: u8 }\norder!(Placed);",
    )
    .answers(&[("r#type", "5")])
    .stored(FILE, "null", "{\"type\": 5}"),
    Case::new(
        "a struct that loses all",
        "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\norder!(Placed);",
        "#[event(name = \"order.placed\")] pub struct Placed;\norder!(Placed);",
    )
    .stored(FILE, "{\"item\": 5}", "null"),
    Case::new(
        "a newtype that becomes a struct",
        "#[event(name = \"order.placed\")] pub struct Placed(pub u8);\norder!(Placed);",
        "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\norder!(Placed);",
    )
    .answers(&[("", "Ok(Self { item: old.0 })")])
    .stored(FILE, "3", "{\"item\": 3}"),
    Case::new(
        "semantics",
        "#[event(name = \"order.placed\", semantics = \"with tax\")] pub struct Placed { pub cents: i64 }\norder!(Placed);",
        "#[event(name = \"order.placed\", semantics = \"without tax\")] pub struct Placed { pub cents: i64 }\norder!(Placed);",
    )
    .answers(&[("cents", "old.cents - 19")])
    .stored(FILE, "{\"cents\": 119}", "{\"cents\": 100}"),
    Case::new(
        "an old version that holds a type which changed",
        "#[derive(Serialize, Deserialize, Shape)] pub enum Way { Web }\n\
         #[event(name = \"order.placed\", version = 2, previous = PlacedV1)] pub struct Placed { pub n: u8 }\n\
         #[event(name = \"order.placed\")] pub struct PlacedV1 { pub way: Way }\n\
         impl UpcastFrom<PlacedV1> for Placed { type Error = Infallible;\n\
         fn upcast_from(_: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> { Ok(Self { n: 0 }) } }\norder!(Placed);",
        "#[derive(Serialize, Deserialize, Shape)] pub enum Way { Web, Fax }\n\
         #[event(name = \"order.placed\", version = 2, previous = PlacedV1)] pub struct Placed { pub n: u8 }\n\
         #[event(name = \"order.placed\")] pub struct PlacedV1 { pub way: Way }\n\
         impl UpcastFrom<PlacedV1> for Placed { type Error = Infallible;\n\
         fn upcast_from(_: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> { Ok(Self { n: 0 }) } }\norder!(Placed);",
    )
    .fixed(&["#[derive(Serialize, Deserialize, Shape)] pub enum Way { Web, Fax }\n\
         #[derive(Serialize, Deserialize, Shape)] #[shape(name = \"Way\")] pub enum WayV1 { Web }\n\
         #[event(name = \"order.placed\", version = 2, previous = PlacedV1)] pub struct Placed { pub n: u8 }\n\
         #[event(name = \"order.placed\")] pub struct PlacedV1 { pub way: WayV1 }\n\
         impl UpcastFrom<PlacedV1> for Placed { type Error = Infallible;\n\
         fn upcast_from(_: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> { Ok(Self { n: 0 }) } }\norder!(Placed);",
        "#[derive(Serialize, Shape)] pub enum Way { Web, #[shape(added(in = 2))] Fax }\n\
         #[event(name = \"order.placed\", version = 2, previous = PlacedV1)] pub struct Placed { pub n: u8 }\n\
         #[event(name = \"order.placed\")] pub struct PlacedV1 { pub way: Way }\n\
         impl UpcastFrom<PlacedV1> for Placed { type Error = Infallible;\n\
         fn upcast_from(_: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> { Ok(Self { n: 0 }) } }\norder!(Placed);"]),
    Case::new(
        "a type that stands in two events",
        "#[derive(Serialize, Deserialize, Shape)] #[serde(rename_all = \"camelCase\")]\n\
         pub struct Money { pub cents: i64, pub my_note: String }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub price: Money }\n\
         #[event(name = \"order.paid\")] pub struct Paid { pub parts: Vec<Money> }\norder!(Placed, Paid);",
        "#[derive(Serialize, Deserialize, Shape)] #[serde(rename_all = \"camelCase\")]\n\
         pub struct Money { pub cents: i64, #[serde(default)] pub rate: Option<u8> }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub price: Money }\n\
         #[event(name = \"order.paid\")] pub struct Paid { pub parts: Vec<Money> }\norder!(Placed, Paid);",
    )
    .says(&["The same types are in `order.placed` version 1. Undo the change, write that, or make a new version of each"])
    .fixed(&["#[derive(Serialize, Shape)] #[serde(rename_all = \"camelCase\")]\n\
         #[shape(removed(in = 2, #[serde(rename = \"myNote\")] my_note: String))]\n\
         pub struct Money { pub cents: i64, #[shape(added(in = 2, default = None))] pub rate: Option<u8> }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub price: Money }\n\
         #[event(name = \"order.paid\")] pub struct Paid { pub parts: Vec<Money> }\norder!(Placed, Paid);",
        "#[derive(Serialize, Deserialize, Shape)] #[shape(name = \"Money\")]\n\
         pub struct MoneyAsItWas { pub cents: i64, #[serde(rename = \"myNote\")] pub my_note: String }\n\
         #[derive(Serialize, Deserialize, Shape)] pub struct Money { pub cents: i64, #[serde(default)] pub rate: Option<u8> }\n\
         impl From<MoneyAsItWas> for Money { fn from(old: MoneyAsItWas) -> Self { Self { cents: old.cents, rate: None } } }\n\
         #[event(name = \"order.placed\")] pub struct PlacedV1 { pub price: MoneyAsItWas }\n\
         #[event(name = \"order.paid\")] pub struct PaidV1 { pub parts: Vec<MoneyAsItWas> }\n\
         #[event(name = \"order.placed\", version = 2, previous = PlacedV1)] pub struct Placed { pub price: Money }\n\
         #[event(name = \"order.paid\", version = 2, previous = PaidV1)] pub struct Paid { pub parts: Vec<Money> }\n\
         impl UpcastFrom<PlacedV1> for Placed { type Error = Infallible;\n\
         fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> { Ok(Self { price: old.price.into() }) } }\n\
         impl UpcastFrom<PaidV1> for Paid { type Error = Infallible;\n\
         fn upcast_from(old: PaidV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {\n\
         Ok(Self { parts: old.parts.into_iter().map(Into::into).collect() }) } }\norder!(Placed, Paid);"]),
    Case::new(
        "the fields of two variants exchange their names",
        "#[event(name = \"order.placed\")] pub struct Placed { pub one: u8, pub two: u8 }\norder!(Placed);",
        "#[event(name = \"order.placed\")]\n\
         pub struct Placed { #[serde(rename = \"two\")] pub one: u8, #[serde(rename = \"one\")] pub two: u8 }\norder!(Placed);",
    )
    .fixed(&["#[event(name = \"order.placed\")]\n\
         pub struct Placed { #[serde(rename = \"one\")] pub one: u8, #[serde(rename = \"two\")] pub two: u8 }\norder!(Placed);"]),
    Case::new(
        "two types exchange their names",
        "#[derive(Serialize, Deserialize, Shape)] pub struct A(u8);\n#[derive(Serialize, Deserialize, Shape)] pub struct B(u8);\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub one: A, pub two: B }\norder!(Placed);",
        "#[derive(Serialize, Deserialize, Shape)] #[shape(name = \"B\")] pub struct A(u8);\n\
         #[derive(Serialize, Deserialize, Shape)] #[shape(name = \"A\")] pub struct B(u8);\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub one: B, pub two: A }\norder!(Placed);",
    )
    .fixed(&["#[derive(Serialize, Deserialize, Shape)] #[shape(name = \"A\")] pub struct A(u8);\n\
              #[derive(Serialize, Deserialize, Shape)] #[shape(name = \"B\")] pub struct B(u8);\n\
              #[event(name = \"order.placed\")] pub struct Placed { pub one: A, pub two: B }\norder!(Placed);"]),
];
