//! Made-up crates on which the test of circles must fail, and some on which it must not.

use std::collections::BTreeSet;

use crate::source::Files;
use crate::{arrows, layers};

fn files(of: &[(&str, &str)]) -> Files {
    of.iter().map(|(path, text)| (String::from(*path), String::from(*text))).collect()
}

fn circles(of: &[(&str, &str)]) -> Vec<Vec<String>> {
    let (arrows, _) = arrows::read(&files(of));
    let sorted = |circle: BTreeSet<String>| circle.into_iter().collect();
    arrows::circles(&arrows).into_iter().map(sorted).collect()
}

fn detours(of: &[(&str, &str)]) -> Vec<String> {
    arrows::read(&files(of)).1
}

#[test]
fn finds_a_direct_circle_and_the_imports_that_form_it() {
    let of = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "pub struct B; fn f() { let _ = crate::a::A::new(); }"),
    ];
    assert_eq!(circles(&of), [["a.rs", "b.rs"]]);
    let (arrows, _) = arrows::read(&files(&of));
    let told = arrows::way_round(&arrows, &arrows::circles(&arrows)[0]);
    let lines =
        ["  in a circle: a.rs b.rs", "    a.rs → b.rs: use crate::b::B", "    b.rs → a.rs: crate::a::A::new"];
    assert_eq!(told.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn finds_an_indirect_circle() {
    let of = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::c::C; pub struct B;"),
        ("c.rs", "use crate::a::A; pub struct C;"),
        ("d.rs", "use crate::a::A;"),
    ];
    assert_eq!(circles(&of), [["a.rs", "b.rs", "c.rs"]]);
}

#[test]
fn finds_a_circle_through_the_root() {
    let of = [
        ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
        ("a.rs", "use crate::{B}; pub struct A;"),
        ("b.rs", "use crate::A as Other; pub struct B;"),
    ];
    assert_eq!(circles(&of), [["a.rs", "b.rs"]]);
}

#[test]
fn finds_a_circle_through_super() {
    let of = [
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod b; use b::B; pub struct A(B);"),
        ("a/b.rs", "use super::A; pub struct B;"),
    ];
    assert_eq!(circles(&of), [["a/b.rs", "a/mod.rs"]]);
}

#[test]
fn finds_a_circle_through_a_module_a_glob_and_a_macro() {
    let through_a_module = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b; pub fn f() { b::g(); }"),
        ("b.rs", "use super::a; pub fn g() { println!(\"{}\", a::f()); }"),
    ];
    assert_eq!(circles(&through_a_module), [["a.rs", "b.rs"]]);
    let through_a_glob = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::*; pub struct A(B);"),
        ("b.rs", "use crate::a::*; pub struct B; fn f(_: &A) {}"),
    ];
    assert_eq!(circles(&through_a_glob), [["a.rs", "b.rs"]]);
}

#[test]
fn finds_a_circle_in_a_body_and_through_a_reexport_that_is_used() {
    let in_a_body = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub fn f() { use crate::b::{self, g}; g(); b::g(); }"),
        ("b.rs", "use crate::a::f; pub fn g() {}"),
    ];
    assert_eq!(circles(&in_a_body), [["a.rs", "b.rs"]]);
    let reexport = [
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod b; pub use b::B; pub struct A(B);"),
        ("a/b.rs", "use super::A; pub struct B;"),
    ];
    assert_eq!(circles(&reexport), [["a/b.rs", "a/mod.rs"]]);
}

#[test]
fn finds_a_circle_through_an_exported_macro() {
    let of = [
        ("lib.rs", "mod a; mod b; pub use a::A;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "pub struct B; macro_rules! made { () => { $crate::A::new() } }"),
    ];
    assert_eq!(circles(&of), [["a.rs", "b.rs"]]);
    // In another crate, the macro sees what the root exports.
    assert_eq!(detours(&of), Vec::<String>::new());
}

#[test]
fn ignores_a_reexport_that_is_not_used() {
    let of = [
        ("lib.rs", "mod a; pub use a::{A, B};"),
        ("a/mod.rs", "mod b; pub use b::B; pub struct A;"),
        ("a/b.rs", "use super::A; pub struct B(A); pub(in crate::a) fn f() {}"),
        ("unreached.rs", "use crate::a::B;"),
    ];
    assert_eq!(circles(&of), Vec::<Vec<String>>::new());
    // Code that is only for tests does not count, nor do names of other crates.
    let tests = [
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "use ::b::B; use serde::Serialize; #[cfg(test)] mod tests { use crate::b::B; } pub struct A;",
        ),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ];
    assert_eq!(circles(&tests), Vec::<Vec<String>>::new());
}

#[test]
fn finds_names_that_are_not_taken_from_where_they_are_defined() {
    let root =
        [("lib.rs", "mod a; mod b; pub use a::A;"), ("a.rs", "pub struct A;"), ("b.rs", "use crate::A;")];
    assert_eq!(detours(&root), ["b.rs: `crate::A` is taken from lib.rs; a.rs defines it"]);
    let inline = [
        ("lib.rs", "mod a; mod b; pub use a::A;"),
        ("a.rs", "pub struct A;"),
        ("b.rs", "fn f(_: crate::A) {}"),
    ];
    assert_eq!(detours(&inline), ["b.rs: `crate::A` is taken from lib.rs; a.rs defines it"]);
    let private_of_another = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub struct A;"),
        ("b/mod.rs", "mod c; use crate::a::A; fn f(_: A) {}"),
        ("b/c.rs", "use super::A;"),
    ];
    assert_eq!(detours(&private_of_another), ["b/c.rs: `super::A` is taken from b/mod.rs; a.rs defines it"]);
}

#[test]
fn allows_a_folder_to_reexport_its_files() {
    let of = [
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod c; pub use c::C;"),
        ("a/c.rs", "pub struct C;"),
        ("b.rs", "use crate::a::C; fn f(_: C) {} pub struct B; fn g(_: crate::b::B) {}"),
    ];
    assert_eq!(detours(&of), Vec::<String>::new());
}

#[test]
fn finds_imports_from_a_higher_layer_and_files_in_no_layer() {
    let of = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a/mod.rs", "mod one; pub struct A(crate::b::B);"),
        ("a/one.rs", "use super::A; use crate::b::B; fn f(_: A, _: B) {}"),
        ("b.rs", "pub struct B(crate::c::C);"),
        ("c.rs", "pub struct C;"),
        ("d.rs", "pub struct D(crate::c::C);"),
    ];
    let (arrows, _) = arrows::read(&files(&of));
    let rightly = layers::read("3  a/    what it is\n2  b.rs  c.rs  d.rs  more/less");
    assert_eq!(layers::faults(&arrows, &rightly, &["lib.rs"]), [""; 0]);
    let wrongly = layers::read("2  b.rs  c.rs\n1  a/");
    let told = [
        "a/mod.rs, in layer 1, imports from b.rs, in layer 2: crate::b::B",
        "a/one.rs, in layer 1, imports from b.rs, in layer 2: use crate::b::B",
        "d.rs is in no layer",
    ];
    assert_eq!(layers::faults(&arrows, &wrongly, &["lib.rs"]), told);
}
