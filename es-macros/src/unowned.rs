//! Fields of events and states that borrow their value, or whose type is not `Send` or `Sync`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Data, DeriveInput, GenericArgument, PathArguments, PathSegment, Type, TypePath};

use crate::errors::Errors;
use crate::shape::serde;

/// The type that has the fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Event,
    State,
    /// A state that is stored in snapshots and read from them.
    StoredState,
}

/// Reports references, raw pointers and types of a single thread. Returns whether there are none: errors that
/// follow from them would hide the mistake.
pub(crate) fn check(input: &DeriveInput, holder: Holder, errors: &mut Errors) -> bool {
    let fields: Vec<&syn::Field> = match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    let mut check = Check { holder, is_read_by_code: false, is_sound: true, errors };
    for field in fields {
        // The user's own code may produce a reference, from a static table or by leaking.
        check.is_read_by_code = !serde::of_part(&field.attrs).by.is_empty();
        check.ty(&field.ty);
    }
    check.is_sound
}

struct Check<'a> {
    holder: Holder,
    is_read_by_code: bool,
    is_sound: bool,
    errors: &'a mut Errors,
}

impl Check<'_> {
    fn ty(&mut self, ty: &Type) {
        match ty {
            Type::Reference(_) if self.holder != Holder::State && self.is_read_by_code => {}
            Type::Reference(reference) => match self.holder {
                Holder::State => self.ty(&reference.elem),
                Holder::Event => self.refuse(
                    ty,
                    "an event cannot borrow from the text that it is read from; use a type that owns its \
                     value, such as `String` for `&str`, or `Vec<T>` for `&[T]`",
                ),
                Holder::StoredState => self.refuse(
                    ty,
                    "a state cannot borrow from the snapshot that it is read from; use a type that owns its \
                     value, such as `String` for `&str`, or `Vec<T>` for `&[T]`",
                ),
            },
            Type::Ptr(_) if self.holder == Holder::Event && self.is_read_by_code => {}
            Type::Ptr(_) if self.holder == Holder::State => self.refuse(
                ty,
                "a state moves between threads, and a raw pointer cannot; store the value that it points to",
            ),
            Type::Ptr(_) => self.refuse(
                ty,
                "an address is meaningless when it is read again; store the value that it points to",
            ),
            Type::Path(path) => self.path(path),
            Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| self.ty(ty)),
            Type::Array(array) => self.ty(&array.elem),
            Type::Slice(slice) => self.ty(&slice.elem),
            Type::Group(group) => self.ty(&group.elem),
            Type::Paren(paren) => self.ty(&paren.elem),
            _ => {}
        }
    }

    fn path(&mut self, path: &TypePath) {
        let holder = if self.holder == Holder::Event { "an event" } else { "a state" };
        match of_one_thread(path) {
            Some("Rc") => {
                let serde =
                    if self.holder == Holder::State { "" } else { ", with the feature `rc` of serde" };
                self.refuse(
                    path,
                    format!(
                        "{holder} moves between threads, and `Rc` cannot; use the value itself, or \
                         `Arc`{serde}"
                    ),
                );
            }
            Some(cell) => {
                let changed = match self.holder {
                    Holder::Event => "an event never changes",
                    Holder::State | Holder::StoredState => "`apply` may change it",
                };
                self.refuse(
                    path,
                    format!(
                        "{holder} is read by several threads at once, and `{cell}` cannot be; use the value \
                         itself: {changed}"
                    ),
                );
            }
            None => {
                for segment in &path.path.segments {
                    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { continue };
                    for argument in &arguments.args {
                        if let GenericArgument::Type(ty) = argument {
                            self.ty(ty);
                        }
                    }
                }
            }
        }
    }

    fn refuse(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.is_sound = false;
        self.errors.spanned(tokens, message);
    }
}

/// `Rc` and the cells of the standard library, as far as a name tells. A `Cell` alone may be a type of the
/// user's, such as the cell of a board.
fn of_one_thread(path: &TypePath) -> Option<&'static str> {
    let segments: Vec<&PathSegment> = path.path.segments.iter().collect();
    let (last, before) = segments.split_last()?;
    let has_one_argument = matches!(
        &last.arguments,
        PathArguments::AngleBracketed(arguments) if arguments.args.len() == 1
    );
    let module = before.last().map(|module| module.ident.to_string());
    let known = [("Rc", "rc", true), ("RefCell", "cell", true), ("Cell", "cell", false)];
    let (name, ..) = known.into_iter().find(|(name, of, is_known_alone)| {
        last.ident == *name && module.as_ref().map_or(*is_known_alone, |module| module == of)
    })?;
    has_one_argument.then_some(name)
}

/// Replaces such a field, which was already reported, so that the compiler does not report what is missing
/// because of it. The build fails in any case.
pub(crate) fn repaired(input: &DeriveInput, private: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    quote! {
        unsafe impl #impl_generics #private::Send for #ident #type_generics #where_clause {}
        unsafe impl #impl_generics #private::Sync for #ident #type_generics #where_clause {}
    }
}
