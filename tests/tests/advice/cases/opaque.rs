//! Parts without a shape: of the program itself, of other crates, and generic over one of those.

use crate::case::Case;

/// A program with one event that contains a part without a shape, and one that is published.
macro_rules! program {
    ($types:literal, $field:literal) => {
        concat!(
            $types,
            "\n#[event(name = \"order.seen\")] pub struct Seen { ",
            $field,
            " }\n",
            "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\norder!(Placed, Seen);"
        )
    };
}

const BEFORE: &str = "#[event(name = \"order.placed\")] pub struct Placed { pub item: u8 }\norder!(Placed);";

pub(crate) const CASES: &[Case] = &[
    Case::new(
        "a type of the program, within containers of the standard library",
        BEFORE,
        program!(
            "#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)] pub struct Money(u8);",
            "pub many: BTreeMap<String, Vec<Option<Money>>>"
        ),
    )
    .says(&["Derive `es_core::shape::Shape` for `Money`, or declare on the field"])
    .fixed(&[
        program!(
            "#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord, Shape)] pub struct Money(u8);",
            "pub many: BTreeMap<String, Vec<Option<Money>>>"
        ),
        program!(
            "#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)] pub struct Money(u8);",
            "#[shape(\"map<string, list<option<u8>>>\")] pub many: BTreeMap<String, Vec<Option<Money>>>"
        ),
    ]),
    Case::new("a type of another crate", BEFORE, program!("", "pub plate: foreign::Plate"))
        .says(&["`Plate` belongs to the crate `es_tests`, so declare on the field how it is written: `#[shape(as = …)]`"])
        .fixed(&[
            program!("", "#[shape(as = String)] pub plate: foreign::Plate"),
            program!("", "#[shape(\"string\")] pub plate: foreign::Plate"),
        ]),
    Case::new(
        "a container of another crate",
        BEFORE,
        program!("#[derive(Serialize, Deserialize, Shape)] pub struct Item { pub n: u8 }", "pub stack: foreign::Stack<u8>"),
    )
    .says(&["`Stack<u8>` belongs to the crate `es_tests`, so declare on the field how it is written"])
    .fixed(&[
        program!("", "#[shape(as = Vec<u8>)] pub stack: foreign::Stack<u8>"),
        program!("", "#[shape(\"list<u8>\")] pub stack: foreign::Stack<u8>"),
    ]),
    Case::new(
        "a generic type of the program, whose parameter lacks a shape",
        BEFORE,
        program!(
            "#[derive(Serialize, Deserialize, Shape)] pub struct Page<T> { pub items: Vec<T> }\n\
             #[derive(Serialize, Deserialize)] pub struct Item { pub n: u8 }",
            "pub page: Page<Item>"
        ),
    )
    .says(&["Derive `es_core::shape::Shape` for each of `Page`, `Item` without a shape"])
    .fixed(&[
        program!(
            "#[derive(Serialize, Deserialize, Shape)] pub struct Page<T> { pub items: Vec<T> }\n\
             #[derive(Serialize, Deserialize, Shape)] pub struct Item { pub n: u8 }",
            "pub page: Page<Item>"
        ),
        program!("", "#[shape(\"any\")] pub page: serde_json::Value"),
    ]),
    Case::new(
        "a generic type of the program over a type of another crate",
        BEFORE,
        program!(
            "#[derive(Serialize, Deserialize, Shape)] pub struct Page<T> { pub items: Vec<T> }",
            "pub page: Page<foreign::Plate>"
        ),
    )
    .says(&["If it is, a parameter has no shape: `Plate` belongs to the crate `es_tests`"])
    .fixed(&[
        program!(
            "#[derive(Serialize, Deserialize)] #[serde(transparent)] pub struct Page<T> { pub items: Vec<T> }",
            "#[shape(\"list<string>\")] pub page: Page<foreign::Plate>"
        ),
        program!(
            "#[derive(Serialize, Deserialize, Shape)] pub struct Page<T> { pub items: Vec<T> }",
            "#[shape(as = Page<String>)] pub page: Page<foreign::Plate>"
        ),
    ]),
    Case::new(
        "a const generic type of another name",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Fixed<const N: usize> { pub n: u8 }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub one: Fixed<1>, pub two: [u8; 2] }\norder!(Placed);",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Fixed<const N: usize> { pub n: u16 }\n\
         #[event(name = \"order.placed\")] pub struct Placed { pub one: Fixed<1>, pub two: [u8; 2] }\norder!(Placed);",
    )
    .answers(&[("one", "Fixed { n: old.one.n.into() }")])
    .stored(
        "events/order.placed/v1.json",
        "{\"one\": {\"n\": 1}, \"two\": [1, 2]}",
        "{\"one\": {\"n\": 1}, \"two\": [1, 2]}",
    ),
    Case::new(
        "a part that is written by code",
        BEFORE,
        program!(
            "pub mod hex { use serde::*;\n\
             pub fn serialize<S: Serializer>(n: &u8, to: S) -> Result<S::Ok, S::Error> { to.serialize_str(&n.to_string()) }\n\
             pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<u8, D::Error> {\n\
             Ok(String::deserialize(from)?.parse().unwrap_or_default()) } }",
            "#[serde(with = \"hex\")] pub n: u8"
        ),
    )
    .fixed(&[program!(
        "pub mod hex { use serde::*;\n\
         pub fn serialize<S: Serializer>(n: &u8, to: S) -> Result<S::Ok, S::Error> { to.serialize_str(&n.to_string()) }\n\
         pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<u8, D::Error> {\n\
         Ok(String::deserialize(from)?.parse().unwrap_or_default()) } }",
        "#[serde(with = \"hex\")] #[shape(\"string\")] pub n: u8"
    )]),
];
