//! Which types are one in a shape: only those that are one for the compiler.

#![allow(dead_code, reason = "types that are only described")]

use es_core::shape::{Schema, Shape};
use serde::{Deserialize, Serialize};

mod places;

fn text<T: Shape + ?Sized>() -> String {
    Schema::of::<T>().text()
}

#[test]
fn types_whose_names_and_lines_run_together_are_told_apart() {
    assert_eq!(
        text::<(places::Via1, places::Via)>(),
        "payload: (Via1, Via)\ntype Via: u8\ntype Via1: string\n"
    );
}

macro_rules! of_one_call {
    () => {
        #[derive(Serialize, Deserialize, Shape)]
        #[shape(name = "Part")]
        struct Left(u8);

        #[derive(Serialize, Deserialize, Shape)]
        #[shape(name = "Part")]
        struct Right(u16);

        fn in_a_function() -> Schema {
            #[derive(Serialize, Deserialize, Shape)]
            struct Local(u8);

            trait Next {
                type Out;
            }
            struct Inner;
            {
                #[derive(Serialize, Deserialize, Shape)]
                struct Local(u16);
                impl Next for Inner {
                    type Out = Local;
                }
            }
            Schema::of::<(Local, <Inner as Next>::Out)>()
        }
    };
}
of_one_call!();

#[test]
fn types_of_one_macro_call_and_one_declared_name_are_told_apart() {
    assert_eq!(text::<(Left, Right)>(), "payload: (Part, Part#2)\ntype Part: u8\ntype Part#2: u16\n");
}

#[test]
fn types_of_one_name_in_two_blocks_of_a_function_are_told_apart() {
    let expected = "payload: (Local, Local#2)\ntype Local: u8\ntype Local#2: u16\n";
    assert_eq!(in_a_function().text(), expected);
}

/// Holds what its argument says, whatever the argument is written as.
#[derive(Serialize, Deserialize, Shape)]
struct Page<T> {
    items: Vec<T>,
}

#[derive(Serialize, Deserialize, Shape)]
struct Borrowed<'a, T> {
    first: Page<&'a str>,
    second: Page<T>,
    #[serde(borrow)]
    third: Option<Name<'a>>,
}

#[derive(Serialize, Deserialize, Shape)]
struct Name<'a>(#[serde(borrow)] &'a str);

fn borrowed<'a>(_: &'a str) -> Schema {
    Schema::of::<(Borrowed<'a, Left>, Borrowed<'a, Right>, Name<'static>)>()
}

#[test]
fn a_type_that_borrows_is_one_type_whatever_its_lifetime() {
    let text = borrowed(&String::from("a")).text();
    let named: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(
        named,
        [
            "payload: (Borrowed<Part>, Borrowed<Part>#2, Name)",
            "type Borrowed<Part>: struct",
            "type Borrowed<Part>#2: struct",
            "type Name: string",
            "type Page<Part>: struct",
            "type Page<Part>#2: struct",
            "type Page<string>: struct",
            "type Part: u8",
            "type Part#2: u16",
        ]
    );
}
