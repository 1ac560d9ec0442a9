//! Fields of events that are added, renamed and removed, under every kind of name.

use crate::case::Case;

const FILE: &str = "events/order.placed/v1.json";

/// One added, one removed and one renamed field, under each renaming rule of serde.
macro_rules! rule {
    ($rule:literal, $item:literal, $count:literal, $teller:literal) => {
        Case::new(
            concat!("fields in ", $rule),
            concat!(
                "#[event(name = \"order.placed\")] #[serde(rename_all = \"",
                $rule,
                "\")]\n\
                 pub struct Placed { pub order_item: String, pub old_count: u8 }\n\
                 order!(Placed);"
            ),
            concat!(
                "#[event(name = \"order.placed\")] #[serde(rename_all = \"",
                $rule,
                "\")]\n\
                 pub struct Placed { pub order_item: String, pub new_teller: String }\n\
                 order!(Placed);"
            ),
        )
        .answers(&[("new_teller", "\"nobody\".to_owned()")])
        .stored(
            FILE,
            concat!("{\"", $item, "\": \"tea\", \"", $count, "\": 2}"),
            concat!("{\"", $item, "\": \"tea\", \"", $teller, "\": \"nobody\"}"),
        )
    };
}

pub(crate) const CASES: &[Case] = &[
    rule!("lowercase", "order_item", "old_count", "new_teller"),
    rule!("UPPERCASE", "ORDER_ITEM", "OLD_COUNT", "NEW_TELLER"),
    rule!("PascalCase", "OrderItem", "OldCount", "NewTeller"),
    rule!("camelCase", "orderItem", "oldCount", "newTeller"),
    rule!("snake_case", "order_item", "old_count", "new_teller"),
    rule!("SCREAMING_SNAKE_CASE", "ORDER_ITEM", "OLD_COUNT", "NEW_TELLER"),
    rule!("kebab-case", "order-item", "old-count", "new-teller"),
    rule!("SCREAMING-KEBAB-CASE", "ORDER-ITEM", "OLD-COUNT", "NEW-TELLER"),
    Case::new(
        "keywords",
        "#[event(name = \"order.placed\")]\n\
         pub struct Placed { pub r#type: String, pub r#match: u8 }\norder!(Placed);",
        "#[event(name = \"order.placed\")]\n\
         pub struct Placed { pub r#type: String, pub r#fn: bool }\norder!(Placed);",
    )
    .answers(&[("r#fn", "true")])
    .stored(FILE, r#"{"type": "a", "match": 1}"#, r#"{"type": "a", "fn": true}"#),
    Case::new(
        "names that are no identifiers",
        "#[event(name = \"order.placed\")]\n\
         pub struct Placed { #[serde(rename = \"1 st\")] pub first: u8, #[serde(rename = \"a \\\"b\\\"\")] pub second: u8 }\n\
         order!(Placed);",
        "#[event(name = \"order.placed\")]\n\
         pub struct Placed { #[serde(rename = \"1 st\")] pub first: u8, #[serde(rename = \"c: d\")] pub third: bool }\n\
         order!(Placed);",
    )
    .answers(&[("third", "false")])
    .stored(FILE, r#"{"1 st": 1, "a \"b\"": 2}"#, r#"{"1 st": 1, "c: d": false}"#),
    Case::new(
        "a field is renamed",
        "#[event(name = \"order.placed\")] #[serde(rename_all = \"camelCase\")]\n\
         pub struct Placed { pub item_name: String, pub count: u8 }\norder!(Placed);",
        "#[event(name = \"order.placed\")] #[serde(rename_all = \"camelCase\")]\n\
         pub struct Placed { pub product_name: String, pub count: u8 }\norder!(Placed);",
    )
    .fixed(&["#[event(name = \"order.placed\")] #[serde(rename_all = \"camelCase\")]\n\
         pub struct Placed { #[serde(rename = \"itemName\")] pub product_name: String, pub count: u8 }\norder!(Placed);"])
    .says(&["To rename only in Rust, write `#[serde(rename = \"itemName\")]` on `Placed::product_name`"]),
    Case::new(
        "a field that is a keyword is renamed",
        "#[event(name = \"order.placed\")]\npub struct Placed { pub r#type: String }\norder!(Placed);",
        "#[event(name = \"order.placed\")]\npub struct Placed { pub r#enum: String }\norder!(Placed);",
    )
    .fixed(&["#[event(name = \"order.placed\")]\n\
              pub struct Placed { #[serde(rename = \"type\")] pub r#enum: String }\norder!(Placed);"]),
    Case::new(
        "all fields are written in another case",
        "#[event(name = \"order.placed\")]\n\
         pub struct Placed { pub item_name: String, pub item_count: u8, pub at: u8 }\norder!(Placed);",
        "#[event(name = \"order.placed\")] #[serde(rename_all = \"kebab-case\")]\n\
         pub struct Placed { pub item_name: String, pub item_count: u8, pub at: u8 }\norder!(Placed);",
    )
    .fixed(&["#[event(name = \"order.placed\")] #[serde(rename_all = \"kebab-case\")]\n\
         pub struct Placed { #[serde(rename = \"item_name\")] pub item_name: String, \
         #[serde(rename = \"item_count\")] pub item_count: u8, pub at: u8 }\norder!(Placed);"])
    .stored(
        FILE,
        r#"{"item_name": "tea", "item_count": 2, "at": 1}"#,
        r#"{"item-name": "tea", "item-count": 2, "at": 1}"#,
    )
    .answers(&[]),
    Case::new(
        "a field is removed from a struct with a rename of its own",
        "#[event(name = \"order.placed\")] #[serde(rename_all = \"camelCase\")]\n\
         pub struct Placed { pub item: String, #[serde(rename = \"n\")] pub the_note: Option<String>, pub old_one: u8 }\n\
         order!(Placed);",
        "#[event(name = \"order.placed\")] #[serde(rename_all = \"camelCase\")]\npub struct Placed { pub item: String }\n\
         order!(Placed);",
    )
    .stored(FILE, r#"{"item": "tea", "n": null, "oldOne": 1}"#, r#"{"item": "tea"}"#),
    Case::new(
        "a field changes its type",
        "#[event(name = \"order.placed\")] #[serde(rename_all = \"camelCase\")]\n\
         pub struct Placed { pub item_name: String, pub r#in: i64 }\norder!(Placed);",
        "#[event(name = \"order.placed\")] #[serde(rename_all = \"camelCase\")]\n\
         pub struct Placed { pub item_name: String, pub r#in: String }\norder!(Placed);",
    )
    .answers(&[("r#in", "old.r#in.to_string()")])
    .stored(FILE, r#"{"itemName": "tea", "in": 5}"#, r#"{"itemName": "tea", "in": "5"}"#),
    Case::new(
        "flattened parts stay, and one comes",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Address { pub street: String }\n\
         #[event(name = \"order.placed\")]\n\
         pub struct Placed { pub item: String, #[serde(flatten)] pub bill_to: Address }\norder!(Placed);",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Address { pub street: String }\n\
         #[derive(Serialize, Deserialize, Shape)] pub struct Clerk { pub clerk: String }\n\
         #[event(name = \"order.placed\")]\n\
         pub struct Placed { pub item: String, #[serde(flatten)] pub bill_to: Address, #[serde(flatten)] pub by: Clerk }\n\
         order!(Placed);",
    )
    .answers(&[("by", "Clerk { clerk: \"nobody\".into() }")])
    .stored(
        FILE,
        r#"{"item": "tea", "street": "Main"}"#,
        r#"{"item": "tea", "street": "Main", "clerk": "nobody"}"#,
    ),
    Case::new(
        "a flattened part goes",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Address { pub street: String }\n\
         #[event(name = \"order.placed\")]\n\
         pub struct Placed { pub item: String, #[serde(flatten)] pub to: Address }\norder!(Placed);",
        "#[derive(Serialize, Deserialize, Shape)] pub struct Address { pub street: String }\n\
         #[event(name = \"order.placed\")]\npub struct Placed { pub item: String }\norder!(Placed);",
    )
    .stored(FILE, r#"{"item": "tea", "street": "Main"}"#, r#"{"item": "tea"}"#),
    Case::new(
        "a version after one by hand",
        "#[event(name = \"order.placed\", version = 2, previous = PlacedV1)] pub struct Placed { pub item: String, pub cents: u8 }\n\
         #[event(name = \"order.placed\", version = 1)] pub struct PlacedV1 { pub item: String }\n\
         impl UpcastFrom<PlacedV1> for Placed { type Error = Infallible;\n\
         fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> { Ok(Self { item: old.item, cents: 0 }) } }\n\
         order!(Placed);",
        "#[event(name = \"order.placed\", version = 2, previous = PlacedV1)]\n\
         pub struct Placed { pub item: String, pub cents: u8, pub clerk: String }\n\
         #[event(name = \"order.placed\", version = 1)] pub struct PlacedV1 { pub item: String }\n\
         impl UpcastFrom<PlacedV1> for Placed { type Error = Infallible;\n\
         fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> { Ok(Self { item: old.item, cents: 0, clerk: String::new() }) } }\n\
         order!(Placed);",
    )
    .answers(&[("clerk", "String::from(\"nobody\")")])
    .stored(FILE, r#"{"item": "tea"}"#, r#"{"item": "tea", "cents": 0, "clerk": "nobody"}"#),
    Case::new(
        "a version after a history of fields",
        "#[event(name = \"order.placed\", version = 2, removed(in = 2, gone: u8))]\n\
         pub struct Placed { pub item: String, #[event(added(in = 2, default = 1))] pub count: u8, pub note: String }\n\
         order!(Placed);",
        "#[event(name = \"order.placed\", version = 2, removed(in = 2, gone: u8))]\n\
         pub struct Placed { pub item: String, #[event(added(in = 2, default = 1))] pub count: u8, pub clerk: u8 }\n\
         order!(Placed);",
    )
    .answers(&[("clerk", "7")])
    .stored(FILE, r#"{"item": "tea", "gone": 1, "note": ""}"#, r#"{"item": "tea", "count": 1, "clerk": 7}"#),
    Case::new(
        "another type after a history of fields",
        "#[event(name = \"order.placed\", version = 2, removed(in = 2, gone: u8))]\n\
         pub struct Placed { pub item: u8, #[event(added(in = 2, default = 1))] pub count: u8 }\n\
         order!(Placed);",
        "#[event(name = \"order.placed\", version = 2, removed(in = 2, gone: u8))]\n\
         pub struct Placed { pub item: String, #[event(added(in = 2, default = 1))] pub count: u8 }\n\
         order!(Placed);",
    )
    .answers(&[("item", "old.item.to_string()")])
    .stored(FILE, r#"{"item": 3, "gone": 1}"#, r#"{"item": "3", "count": 1}"#),
    Case::new(
        "a default changed, and another is gone",
        "#[event(name = \"order.placed\", version = 2)]\n\
         pub struct Placed { pub item: String, #[event(added(in = 2, default = 1))] pub count: u8 }\norder!(Placed);",
        "#[event(name = \"order.placed\", version = 2, previous = PlacedV1)] pub struct Placed { pub item: String, pub count: u8 }\n\
         #[event(name = \"order.placed\", version = 1)] pub struct PlacedV1 { pub item: String }\n\
         impl UpcastFrom<PlacedV1> for Placed { type Error = Infallible;\n\
         fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> { Ok(Self { item: old.item, count: 1 }) } }\n\
         order!(Placed);",
    )
    .fixed(&["#[event(name = \"order.placed\", version = 2)]\n\
         pub struct Placed { pub item: String, #[event(added(in = 2, default = 1))] pub count: u8 }\norder!(Placed);"]),
];
