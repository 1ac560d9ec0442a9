//! One change of a published event at a time, and the sentence that describes it.

use es_core::lock::Mode;

use crate::folder::Folder;

/// Publishes the first, checks the second, and compares the reported changes.
macro_rules! changes {
    ($($test:ident: { $($before:item)* } => { $($after:item)* } => [$($said:literal),* $(,)?];)*) => {$(
        #[test]
        fn $test() {
            mod before {
                use crate::prelude::*;
                $($before)*
                crate::order!(Placed);
            }
            mod after {
                use crate::prelude::*;
                $($after)*
                crate::order!(Placed);
            }
            let folder = Folder::with::<before::Order>(stringify!($test));
            let found = folder.findings::<after::Order>(Mode::Check).join("\n");
            let said: Vec<&str> = found.lines().filter_map(|line| line.strip_prefix("  - ")).collect();
            let expected: &[&str] = &[$($said),*];
            assert_eq!(said, expected, "{found}");
            assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
        }
    )*};
}

changes! {
    a_field_is_added: {
        #[event(name = "order.placed")]
        pub struct Placed { item: String }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed { item: String, note: Option<String> }
    } => ["field `note: option<string>` was added"];

    a_field_is_removed: {
        #[event(name = "order.placed")]
        pub struct Placed { item: String, note: Option<String> }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed { item: String }
    } => ["field `note: option<string>` was removed"];

    a_field_is_renamed: {
        #[event(name = "order.placed")]
        pub struct Placed { item: String, note: Option<String> }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed { item: String, remark: Option<String> }
    } => ["field `note` was renamed to `remark`"];

    a_field_is_retyped: {
        #[event(name = "order.placed")]
        pub struct Placed { cents: i64, at: u64 }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed { cents: i32, at: String }
    } => ["field `at` was `u64` and is `string` now", "field `cents` was `i64` and is `i32` now"];

    a_required_field_becomes_optional: {
        #[event(name = "order.placed")]
        pub struct Placed { item: String }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed { item: Option<String> }
    } => ["field `item` was `string` and is `option<string>` now"];

    one_newtype_takes_the_place_of_another: {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Cents(i64);
        #[event(name = "order.placed")]
        pub struct Placed { amount: Cents }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Euros(i64);
        #[event(name = "order.placed")]
        pub struct Placed { amount: Euros }
    } => ["field `amount` was `Cents` and is `Euros` now"];

    a_newtype_changes_inside: {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Cents(i64);
        #[event(name = "order.placed")]
        pub struct Placed { amount: Cents }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Cents(u64);
        #[event(name = "order.placed")]
        pub struct Placed { amount: Cents }
    } => ["the type `Cents` (at `amount`) was `i64` and is `u64` now"];

    a_variant_is_added_to_a_nested_enum: {
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Channel { Web, Shop }
        #[event(name = "order.placed")]
        pub struct Placed { channel: Channel }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Channel { Web, Shop, Fax { number: String } }
        #[event(name = "order.placed")]
        pub struct Placed { channel: Channel }
    } => ["variant `Fax: struct` of `Channel` was added (at `channel`)"];

    a_variant_is_renamed_deep_inside: {
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Kind { Gift, Own }
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Line { kind: Kind, count: u8 }
        #[event(name = "order.placed")]
        pub struct Placed { lines: BTreeMap<String, Vec<Option<Line>>> }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Kind { Present, Own }
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Line { kind: Kind, count: u8 }
        #[event(name = "order.placed")]
        pub struct Placed { lines: BTreeMap<String, Vec<Option<Line>>> }
    } => ["variant `Gift` of `Kind` was renamed to `Present` (at `lines.kind`)"];

    a_field_of_a_variant_is_added: {
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Channel { Web { url: String } }
        #[event(name = "order.placed")]
        pub struct Placed { channel: Channel }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Channel { Web { url: String, agent: String } }
        #[event(name = "order.placed")]
        pub struct Placed { channel: Channel }
    } => ["field `agent: string` of `Web` of `Channel` was added (at `channel`)"];

    a_variant_gets_content: {
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Channel { Web, Shop }
        #[event(name = "order.placed")]
        pub struct Placed { channel: Channel }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Channel { Web, Shop(u8) }
        #[event(name = "order.placed")]
        pub struct Placed { channel: Channel }
    } => ["variant `Shop` of `Channel` was `null` and is `u8` now (at `channel`)"];

    a_default_changes: {
        fn one() -> u8 { 1 }
        #[event(name = "order.placed")]
        pub struct Placed { #[serde(default = "one")] count: u8 }
    } => {
        fn two() -> u8 { 2 }
        #[event(name = "order.placed")]
        pub struct Placed { #[serde(default = "two")] count: u8 }
    } => ["field `count` was `default one` and is `default two` now"];

    a_default_appears_and_another_goes: {
        #[event(name = "order.placed")]
        pub struct Placed { a: u8, #[serde(default)] b: u8 }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed { #[serde(default)] a: u8, b: u8 }
    } => ["field `a` is `default` now", "field `b` is no longer `default`"];

    a_rename_changes: {
        #[event(name = "order.placed")]
        pub struct Placed { #[serde(rename = "n")] count: u8, other: u8 }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed { count: u8, other: u8 }
    } => ["field `n` was renamed to `count`"];

    all_fields_are_renamed: {
        #[event(name = "order.placed")]
        pub struct Placed { first_item: u8, second_item: u8 }
    } => {
        #[event(name = "order.placed")]
        #[serde(rename_all = "camelCase")]
        pub struct Placed { first_item: u8, second_item: u8 }
    } => ["fields are written otherwise: `first_item` as `firstItem`, `second_item` as `secondItem`"];

    an_alias_goes: {
        #[event(name = "order.placed")]
        pub struct Placed { #[serde(alias = "n")] count: u8 }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed { count: u8 }
    } => ["field `count` is no longer `alias n`"];

    a_field_is_left_out_sometimes: {
        #[event(name = "order.placed")]
        pub struct Placed { note: Option<String> }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed { #[serde(skip_serializing_if = "Option::is_none")] note: Option<String> }
    } => ["field `note` is `omitted if Option::is_none` now"];

    a_nested_struct_is_flattened: {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Address { city: String }
        #[event(name = "order.placed")]
        pub struct Placed { address: Address }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Address { city: String }
        #[event(name = "order.placed")]
        pub struct Placed { #[serde(flatten)] address: Address }
    } => ["field `address: Address` was removed", "field `..Address` was added"];

    a_flattened_struct_changes: {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Address { city: String }
        #[event(name = "order.placed")]
        pub struct Placed { #[serde(flatten)] address: Address }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Address { city: String, street: String }
        #[event(name = "order.placed")]
        pub struct Placed { #[serde(flatten)] address: Address }
    } => ["field `street: string` of `Address` was added (at `payload`)"];

    an_enum_is_tagged_otherwise: {
        #[derive(Serialize, Deserialize, Shape)]
        #[serde(tag = "kind")]
        pub enum Channel { Web, Shop }
        #[event(name = "order.placed")]
        pub struct Placed { channel: Channel }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        #[serde(tag = "type")]
        pub enum Channel { Web, Shop }
        #[event(name = "order.placed")]
        pub struct Placed { channel: Channel }
    } => ["the type `Channel` was `tag kind` and is `tag type` now (at `channel`)"];

    untagged_variants_change_places: {
        #[derive(Serialize, Deserialize, Shape)]
        #[serde(untagged)]
        pub enum Key { Number(u8), Text(String) }
        #[event(name = "order.placed")]
        pub struct Placed { key: Key }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        #[serde(untagged)]
        pub enum Key { Text(String), Number(u8) }
        #[event(name = "order.placed")]
        pub struct Placed { key: Key }
    } => ["the variants of `Key` (at `key`) stood in the order Number, Text and stand in the order Text, Number now"];

    unknown_fields_are_refused: {
        #[event(name = "order.placed")]
        pub struct Placed { count: u8 }
    } => {
        #[event(name = "order.placed")]
        #[serde(deny_unknown_fields)]
        pub struct Placed { count: u8 }
    } => ["the payload is `no unknown fields` now"];

    a_time_is_written_in_another_format: {
        #[event(name = "order.placed")]
        pub struct Placed {
            #[serde(with = "time::serde::rfc3339")]
            #[shape("string:date-time")]
            at: time::OffsetDateTime,
        }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed {
            #[serde(with = "time::serde::timestamp")]
            #[shape("i64")]
            at: time::OffsetDateTime,
        }
    } => ["field `at` was `string:date-time` and is `i64` now"];

    the_semantics_change: {
        #[event(name = "order.placed", semantics = "with tax")]
        pub struct Placed { cents: i64 }
    } => {
        #[event(name = "order.placed", semantics = "without tax, in cents")]
        pub struct Placed { cents: i64 }
    } => ["the semantics were \"with tax\" and are \"without tax, in cents\" now"];

    semantics_appear: {
        #[event(name = "order.placed")]
        pub struct Placed { cents: i64 }
    } => {
        #[event(name = "order.placed", semantics = "without tax")]
        pub struct Placed { cents: i64 }
    } => ["the semantics are \"without tax\" now"];

    a_nested_struct_has_another_rust_name: {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Address { city: String }
        #[event(name = "order.placed")]
        pub struct Placed { address: Address }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct PostalAddress { city: String }
        #[event(name = "order.placed")]
        pub struct Placed { address: PostalAddress }
    } => [
        "field `address` was `Address` and is `PostalAddress` now",
        "`PostalAddress` is what `Address` was: if only its Rust name changed, write `#[shape(name = \"Address\")]` on it \
         and nothing has changed",
    ];

    a_tuple_struct_grows: {
        #[event(name = "order.placed")]
        pub struct Placed(u8, String);
    } => {
        #[event(name = "order.placed")]
        pub struct Placed(u8, String, bool);
    } => ["the payload was `(u8, string)` and is `(u8, string, bool)` now"];

    a_struct_without_fields_gets_its_first: {
        #[event(name = "order.placed")]
        pub struct Placed;
    } => {
        #[event(name = "order.placed")]
        pub struct Placed { item: String }
    } => ["the payload was `null`, without any field", "field `item: string` was added"];

    a_struct_loses_its_last_field: {
        #[event(name = "order.placed")]
        pub struct Placed { item: String }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed;
    } => ["the payload is `null` now, without any field", "field `item: string` was removed"];

    a_constant_of_a_type_changes: {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Fixed<const PLACES: u8>(i64);
        #[event(name = "order.placed")]
        pub struct Placed { amounts: Vec<Fixed<2>> }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Fixed<const PLACES: u8>(i64);
        #[event(name = "order.placed")]
        pub struct Placed { amounts: Vec<Fixed<4>> }
    } => ["field `amounts` was `list<Fixed<2>>` and is `list<Fixed<4>>` now"];

    flattened_fields_change_places: {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Clerk { #[serde(default)] clerk: String }
        #[event(name = "order.placed")]
        pub struct Placed {
            #[serde(flatten)] clerk: Clerk,
            #[serde(flatten)] rest: BTreeMap<String, serde_json::Value>,
        }
    } => {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Clerk { #[serde(default)] clerk: String }
        #[event(name = "order.placed")]
        pub struct Placed {
            #[serde(flatten)] rest: BTreeMap<String, serde_json::Value>,
            #[serde(flatten)] clerk: Clerk,
        }
    } => [
        "the fields stood in the order ..Clerk, ..map<string, any> and stand in the order ..map<string, any>, ..Clerk now"
    ];

    seconds_become_milliseconds_in_a_declared_form: {
        #[event(name = "order.placed")]
        pub struct Placed {
            #[serde(with = "time::serde::timestamp")]
            #[shape("i64")]
            at: time::OffsetDateTime,
        }
    } => {
        #[event(name = "order.placed")]
        pub struct Placed {
            #[serde(with = "time::serde::timestamp::milliseconds")]
            #[shape("i64")]
            at: time::OffsetDateTime,
        }
    } => ["field `at` was `by time::serde::timestamp` and is `by time::serde::timestamp::milliseconds` now"];

    a_variant_goes_from_one_of_two_types_of_one_declared_name: {
        macro_rules! ways {
            () => {
                #[derive(Serialize, Deserialize, Shape)]
                #[shape(name = "Way")]
                pub enum First { Web, Shop }
                #[derive(Serialize, Deserialize, Shape)]
                #[shape(name = "Way")]
                pub enum Second { Web, Shop, Fax }
            };
        }
        ways!();
        #[event(name = "order.placed")]
        pub struct Placed { a: First, b: Second }
    } => {
        macro_rules! ways {
            () => {
                #[derive(Serialize, Deserialize, Shape)]
                #[shape(name = "Way")]
                pub enum First { Web, Shop }
                #[derive(Serialize, Deserialize, Shape)]
                #[shape(name = "Way")]
                pub enum Second { Web, Fax }
            };
        }
        ways!();
        #[event(name = "order.placed")]
        pub struct Placed { a: First, b: Second }
    } => ["variant `Shop` of `Way#2` was removed (at `b`)"];

    nothing_changes_when_only_rust_changes: {
        #[derive(Serialize, Deserialize, Shape)]
        pub struct Address { city: String, street: String }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Channel { Web, Shop }
        #[event(name = "order.placed")]
        pub struct Placed { address: Address, channel: Channel, tags: Vec<String> }
    } => {
        mod addresses {
            use crate::prelude::*;
            /// Moved, renamed, and its fields reordered.
            #[derive(Debug, Clone, Serialize, Deserialize, Shape)]
            #[shape(name = "Address")]
            pub struct PostalAddress { street: Box<str>, city: Box<str> }
        }
        #[derive(Serialize, Deserialize, Shape)]
        pub enum Channel { Shop, #[serde(rename = "Web")] Internet }
        #[event(name = "order.placed")]
        #[serde(rename_all = "snake_case")]
        pub struct OrderPlaced { channel: Channel, tags: std::collections::VecDeque<String>, address: addresses::PostalAddress }
        pub type Placed = OrderPlaced;
    } => [];
}
