//! Pastes a proposal into the changed program, like a user who knows only what it says.

use std::collections::BTreeMap;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{Attribute, Field, File, Item, ItemStruct};

use crate::case::Case;

/// The changed program with the code of a finding pasted into it.
pub(crate) fn pasted(case: &Case, finding: &str, code: &str) -> String {
    let code = answered(case, code);
    let parse = |source: &str| {
        syn::parse_file(source).unwrap_or_else(|error| panic!("{}: {error}\n{source}", case.name))
    };
    let (before, mut program, proposal) = (parse(case.before), parse(case.changed), parse(&code));
    let copies = Copies::of(finding, &before, &program);
    let mut added = copies.items.clone();
    for item in proposal.items {
        let Item::Struct(proposed) = item else {
            added.push(item);
            continue;
        };
        if let Some(now) = structs(&mut program).find(|now| now.ident == proposed.ident) {
            merge(now, &proposed, &before);
            continue;
        }
        let name = proposed.ident.to_string();
        let (of, _) = name.rsplit_once('V').expect("the struct of an old version ends in its number");
        let mut old = find(&before, of).clone();
        if is_as_it_was(&proposed.attrs) {
            lead_here(&mut program, &before, of, &name);
        } else {
            replace_event(&mut old.attrs, &proposed.attrs, &TokenStream::new(), &before);
        }
        assert_eq!(
            std::mem::discriminant(&old.fields),
            std::mem::discriminant(&proposed.fields),
            "{}: another kind of struct is proposed",
            case.name
        );
        old.ident = proposed.ident;
        added.push(syn::parse2(copies.renamed(old.to_token_stream())).expect("a struct"));
    }
    program.items.extend(added);
    program.to_token_stream().to_string()
}

/// The code with its placeholders replaced by names and by the answers of the case.
fn answered(case: &Case, code: &str) -> String {
    let mut text = String::new();
    let lines: Vec<&str> = code.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let mut line = line.split(" // ").next().unwrap_or_default().to_owned();
        if let Some((start, rest)) = line.split_once("/* its value in version ") {
            let field = lines[at + 1].trim().split(':').next().unwrap_or_default();
            let rest = rest.split_once("*/").expect("a comment ends").1;
            let answer = answer(case, field)
                .unwrap_or_else(|| panic!("{}: no answer for `{field}` in {code}", case.name));
            line = format!("{start}{answer}{rest}");
        }
        for (comment, name) in [
            ("/* and the existing `removed(…)` */", ", __removed"),
            ("{ /* as it is now, without `added`, `renamed` and `removed` */ }", "{ __bare: () }"),
            ("{ /* as it is now */ }", "{ __now: () }"),
            ("{ /* as it was */ }", "{ __was: () }"),
            ("/* as it is now */", "__now"),
            ("/* as it was */", "__was"),
            ("/* the other fields as they are now */", "__others: ()"),
            ("/* the fields as they are now */", "__others: ()"),
        ] {
            line = line.replace(comment, name);
        }
        text.push_str(&line);
        text.push('\n');
    }
    todos(case, &text)
}

/// Replaces `field: todo!("…")` by the answer for the field, and `todo!("…")` alone by that for no field.
fn todos(case: &Case, text: &str) -> String {
    let mut parts = text.split("todo!(\"");
    let mut answered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (words, rest) = part.split_once("\")").expect("a todo ends");
        let field = answered
            .trim_end()
            .strip_suffix(':')
            .map_or("", |text| text.rsplit([' ', ',', '{']).next().unwrap_or_default());
        match answer(case, field) {
            Some(answer) => answered.push_str(answer),
            None => answered.push_str(&format!("todo!(\"{words}\")")),
        }
        answered.push_str(rest);
    }
    answered
}

fn answer(case: &Case, field: &str) -> Option<&'static str> {
    case.answers.iter().find(|(name, _)| *name == field).map(|(_, answer)| *answer)
}

fn structs(file: &mut File) -> impl Iterator<Item = &mut ItemStruct> {
    file.items.iter_mut().filter_map(|item| match item {
        Item::Struct(found) => Some(found),
        _ => None,
    })
}

fn find<'a>(file: &'a File, name: &str) -> &'a ItemStruct {
    let found = file.items.iter().find_map(|item| match item {
        Item::Struct(found) if found.ident == name => Some(found),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no struct `{name}`"))
}

fn event(attributes: &[Attribute]) -> &Attribute {
    attributes.iter().find(|attribute| attribute.path().is_ident("event")).expect("`#[event]`")
}

fn is_as_it_was(attributes: &[Attribute]) -> bool {
    event(attributes).to_token_stream().to_string().contains("(__was)")
}

/// Puts the attributes of a proposal on a struct and its fields.
fn merge(now: &mut ItemStruct, proposed: &ItemStruct, before: &File) {
    let old = before.items.iter().any(|item| matches!(item, Item::Struct(old) if old.ident == now.ident));
    let removed = if old { removed(find(before, &now.ident.to_string())) } else { TokenStream::new() };
    let name = now.ident.to_string();
    replace_event(&mut now.attrs, &proposed.attrs, &removed, &{
        let mut named = before.clone();
        // The field of a struct that had another name is not looked up.
        named.items.retain(|item| matches!(item, Item::Struct(old) if old.ident == name));
        named
    });
    let is_special = |field: &&Field| {
        field
            .ident
            .as_ref()
            .is_none_or(|ident| ["__now", "__others", "__bare"].iter().any(|special| ident == special))
    };
    if proposed.fields.iter().any(|field| field.ident.as_ref().is_some_and(|ident| ident == "__bare")) {
        for field in &mut now.fields {
            field.attrs.retain(|attribute| !attribute.path().is_ident("event"));
        }
    }
    for field in proposed.fields.iter().filter(|field| !is_special(field)) {
        let of = now.fields.iter_mut().find(|of| of.ident == field.ident);
        let of = of.unwrap_or_else(|| panic!("`{name}` has no field `{}`", field.to_token_stream()));
        of.attrs.extend(field.attrs.iter().cloned());
    }
}

/// Each `removed(…)` of an event.
fn removed(of: &ItemStruct) -> TokenStream {
    let mut found = TokenStream::new();
    let tokens = event(&of.attrs).meta.require_list().expect("a list").tokens.clone();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if matches!(&token, TokenTree::Ident(ident) if ident == "removed") {
            let list = tokens.next();
            found.extend(quote!(, #token #list));
        }
    }
    found
}

/// Replaces the existing `#[event]` by that of a proposal.
fn replace_event(
    attributes: &mut Vec<Attribute>,
    proposed: &[Attribute],
    removed: &TokenStream,
    before: &File,
) {
    let mut event = event(proposed).to_token_stream();
    let types: BTreeMap<String, &Field> = before
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Struct(old) => Some(old),
            _ => None,
        })
        .flat_map(|old| &old.fields)
        .filter_map(|field| Some((field.ident.as_ref()?.to_string(), field)))
        .collect();
    event = filled(event, removed, &types);
    attributes.retain(|attribute| !attribute.path().is_ident("event"));
    let event: Holder = syn::parse2(quote!(#event struct Holder;)).expect("an attribute");
    attributes.splice(0..0, event.attrs);
}

type Holder = ItemStruct;

fn filled(tokens: TokenStream, removed: &TokenStream, types: &BTreeMap<String, &Field>) -> TokenStream {
    let (mut out, mut last) = (Vec::<TokenTree>::new(), String::new());
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let inner = filled(group.stream(), removed, types);
                out.push(Group::new(group.delimiter(), inner).into());
            }
            TokenTree::Ident(ident) if ident == "__was" => {
                let field = types.get(&last).unwrap_or_else(|| panic!("there was no field `{last}`"));
                out.extend(field.ty.to_token_stream());
            }
            TokenTree::Ident(ident) if ident == "__removed" => {
                // The comma before it.
                out.pop();
                out.extend(removed.clone());
            }
            TokenTree::Ident(ident) => {
                last = ident.to_string();
                out.push(ident.into());
            }
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

/// Makes the upcasts that led to a struct lead to its old version, as before.
fn lead_here(program: &mut File, before: &File, of: &str, old: &str) {
    let old = format_ident!("{old}");
    let is_step = |item: &Item| {
        matches!(item, Item::Impl(step) if step.self_ty.to_token_stream().to_string() == of
            && step.to_token_stream().to_string().contains("UpcastFrom"))
    };
    program.items.retain(|item| !is_step(item));
    for item in before.items.iter().filter(|item| is_step(item)) {
        let Item::Impl(mut step) = item.clone() else { continue };
        step.self_ty = syn::parse_quote!(#old);
        program.items.push(Item::Impl(step));
    }
}

/// Old types, under other names.
struct Copies {
    names: BTreeMap<String, String>,
    items: Vec<Item>,
}

impl Copies {
    fn of(finding: &str, before: &File, program: &File) -> Self {
        let mut copies = Self { names: BTreeMap::new(), items: Vec::new() };
        if let Some((_, kept)) = finding.split_once(", keeping ") {
            let names = kept.split_once(" as ").expect("as it was").0.split('`').skip(1).step_by(2);
            let gone = names.filter(|name| Self::find(program, name).is_none());
            copies.items.extend(gone.map(|name| Self::item(before, name)));
        }
        let Some((_, told)) = finding
            .split_once("containing a copy of ")
            .or_else(|| finding.split_once("containing copies of "))
        else {
            return copies;
        };
        let (types, rest) = told.split_once(" as ").expect("as it was");
        let names: Vec<&str> = types.split('`').skip(1).step_by(2).collect();
        let attributes = rest.split(" on ").next().unwrap_or_default();
        let attributes: Vec<&str> = attributes.split('`').skip(1).step_by(2).collect();
        assert_eq!(names.len(), attributes.len(), "{told}");
        for name in &names {
            copies.names.insert((*name).to_owned(), format!("{name}AsItWas"));
        }
        for (name, attribute) in names.iter().zip(attributes) {
            let item = Self::item(before, name);
            let copy = copies.renamed(item.to_token_stream());
            let attribute: TokenStream = attribute.parse().expect("an attribute");
            let attribute: Holder = syn::parse2(quote!(#attribute struct Holder;)).expect("an attribute");
            let mut copy: Item = syn::parse2(copy).expect("a type");
            let (Item::Struct(ItemStruct { attrs, .. }) | Item::Enum(syn::ItemEnum { attrs, .. })) =
                &mut copy
            else {
                continue;
            };
            if attrs.iter().all(|attribute| !attribute.path().is_ident("shape")) {
                attrs.extend(attribute.attrs);
            }
            copies.items.push(copy);
        }
        copies
    }

    /// A type of the old program.
    fn item(before: &File, name: &str) -> Item {
        Self::find(before, name).unwrap_or_else(|| panic!("no type `{name}` is in the program")).clone()
    }

    fn find<'a>(file: &'a File, name: &str) -> Option<&'a Item> {
        file.items.iter().find(|item| match item {
            Item::Struct(item) => item.ident == name,
            Item::Enum(item) => item.ident == name,
            _ => false,
        })
    }

    /// The same with the names of the copies.
    fn renamed(&self, tokens: TokenStream) -> TokenStream {
        let renamed = tokens.into_iter().map(|token| match token {
            TokenTree::Group(group) => {
                TokenTree::Group(Group::new(group.delimiter(), self.renamed(group.stream())))
            }
            TokenTree::Ident(ident) => match self.names.get(&ident.to_string()) {
                Some(name) => TokenTree::Ident(format_ident!("{name}")),
                None => TokenTree::Ident(ident),
            },
            other => other,
        });
        renamed.collect()
    }
}
