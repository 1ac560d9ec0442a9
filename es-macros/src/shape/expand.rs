//! The code of a shape: one function that passes a constant to es-core.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Generics;

use super::bounds::Needs;
use super::described::{Argument, Content, Described, DescribedField, DescribedVariant, Form, Note, Source};
use super::history::{FormChange, Step};
use crate::paths::CratePath;

/// ```text
/// impl Shape for Currency {
///     fn shape(types: &mut Types) -> Type { … }
/// }
/// ```
pub(super) fn implementation(
    ident: &Ident,
    generics: &Generics,
    bounds: &TokenStream,
    body: &TokenStream,
    es_core: &CratePath,
) -> TokenStream {
    let private = es_core.private();
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let own = where_clause.map(|clause| clause.predicates.iter()).into_iter().flatten();
    let bounds =
        if generics.params.is_empty() { quote!(#where_clause) } else { quote!(where #(#own,)* #bounds) };
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::Shape for #ident #type_generics #bounds {
            #[inline]
            fn shape(__es_types: &mut #private::Types) -> #private::Type { #body }
        }
    }
}

/// ```text
/// use Opaque as _;
/// types.named(
///     const { TypeId::of::<Self>() }, "Currency", const { &TypeDescription { name: "Currency", … } },
/// )
/// ```
pub(super) fn body(described: &Described, needs: &Needs, es_core: &CratePath) -> TokenStream {
    let private = es_core.private();
    let Description { identity, constant } = description(described, needs, &private);
    quote! {
        use #private::Opaque as _;
        __es_types.named(#identity, const { &#constant })
    }
}

/// ```text
/// use Opaque as _;
/// types.with_history(
///     …, const { &TypeDescription { … } }, const { &HistoryDescription { today: …, steps: &[…] } },
/// )
/// ```
pub(super) fn body_with_history(
    (first, needs): (&Described, &Needs),
    today: &Described,
    steps: &[Step],
    es_core: &CratePath,
) -> TokenStream {
    let private = es_core.private();
    let Description { identity, constant } = description(first, needs, &private);
    let today = form(&today.form, &private);
    let steps = steps.iter().map(|Step { version, variant, what }| {
        let variant = match variant {
            Some(name) => quote!(#private::Option::Some(#name)),
            None => quote!(#private::Option::None),
        };
        let what = match what {
            FormChange::Added(added, default) => {
                let field = field(added, &private);
                quote!(Added(#field, #default))
            }
            FormChange::AddedVariant(added) => {
                let added = self::variant(added, &private);
                quote!(AddedVariant(#added))
            }
            FormChange::Renamed(from, to) => quote!(Renamed(#from, #to)),
            FormChange::Removed(name) => quote!(Removed(#name)),
        };
        quote! {
            #private::StepDescription {
                version: #version,
                variant: #variant,
                what: #private::ChangeDescription::#what,
            }
        }
    });
    quote! {
        use #private::Opaque as _;
        __es_types.with_history(#identity, const { &#constant }, const {
            &#private::HistoryDescription { today: #private::FormDescription::#today, steps: &[#(#steps),*] }
        })
    }
}

/// What identifies the type, and how it is written.
struct Description {
    identity: TokenStream,
    constant: TokenStream,
}

fn description(described: &Described, needs: &Needs, private: &TokenStream) -> Description {
    let Described { name, rust_name, arguments, notes, form, is_generic } = described;
    let identity = if *is_generic {
        // It may borrow, and `std::any::TypeId` requires `'static`.
        quote!(#private::type_id::<Self>(), #private::type_name::<Self>())
    } else {
        // A constant adds no code to the user's build.
        quote!(const { #private::TypeId::of::<Self>() }, #rust_name)
    };
    let arguments = match arguments.as_slice() {
        [] => quote!(#private::NO_ARGUMENTS),
        some => {
            let some = some.iter().map(|argument| match argument {
                Argument::Type(ty) if needs.has(ty) => quote!(#private::Probe::<#ty>::SHAPE),
                Argument::Type(ty) => quote!(|_| #private::marker(#private::type_name::<#ty>())),
                Argument::Const(constant) => quote!(|_| #private::constant(&#constant)),
            });
            quote!(&[#(#some),*])
        }
    };
    let notes = self::notes(notes, private);
    let form = self::form(form, private);
    let constant = quote! {
        #private::TypeDescription {
            name: #name, arguments: #arguments, notes: #notes, form: #private::FormDescription::#form,
        }
    };
    Description { identity, constant }
}

fn form(form: &Form, private: &TokenStream) -> TokenStream {
    match form {
        Form::Content(content) => {
            let content = self::content(content, private);
            quote!(Content(#content))
        }
        Form::Enum(variants) => {
            let variants = variants.iter().map(|variant| self::variant(variant, private));
            quote!(Enum(&[#(#variants),*]))
        }
    }
}

fn variant(variant: &DescribedVariant, private: &TokenStream) -> TokenStream {
    let name = &variant.name;
    let content = content(&variant.content, private);
    let notes = notes(&variant.notes, private);
    quote! {
        #private::VariantDescription { name: #name, content: #content, notes: #notes }
    }
}

fn content(content: &Content, private: &TokenStream) -> TokenStream {
    let inner = match content {
        Content::Unit => quote!(Unit),
        // Its notes are part of the content.
        Content::Is(source, _) => {
            let source = self::source(source, private);
            quote!(Is(#source))
        }
        Content::Tuple(fields) => {
            let fields = self::fields(fields, private);
            quote!(Tuple(#fields))
        }
        Content::Struct(fields) => {
            let fields = self::fields(fields, private);
            quote!(Struct(#fields))
        }
    };
    quote!(#private::ContentDescription::#inner)
}

fn fields(fields: &[DescribedField], private: &TokenStream) -> TokenStream {
    let fields = fields.iter().map(|of| field(of, private));
    quote!(&[#(#fields),*])
}

fn field(DescribedField { name, source, notes }: &DescribedField, private: &TokenStream) -> TokenStream {
    let source = self::source(source, private);
    let notes = self::notes(notes, private);
    quote!((#name, #source, #notes))
}

fn source(source: &Source, private: &TokenStream) -> TokenStream {
    match source {
        Source::Of(ty) => quote!(#private::Probe::<#ty>::SHAPE),
        Source::As(ty) => quote!(<#ty as #private::Shape>::shape),
        Source::Declared(form) => quote!(|_| #private::declared(#form)),
        Source::Custom(path) => quote!(|_| #private::custom(#path)),
    }
}

fn notes(notes: &[Note], private: &TokenStream) -> TokenStream {
    if notes.is_empty() {
        // Most fields have none, and the compiler takes longer for each `&[]` in a constant than for a named
        // constant.
        return quote!(#private::NO_NOTES);
    }
    let notes = notes.iter().map(|note| {
        let note = match note {
            Note::Defaulted => quote!(Defaulted),
            Note::DefaultedBy(path) => quote!(DefaultedBy(#path)),
            Note::OmittedIf(path) => quote!(OmittedIf(#path)),
            Note::Alias(name) => quote!(Alias(#name)),
            Note::ReadAs(name) => quote!(ReadAs(#name)),
            Note::ReadOnly => quote!(ReadOnly),
            Note::WrittenOnly => quote!(WrittenOnly),
            Note::Skipped(name) => quote!(Skipped(#name)),
            Note::Flatten => quote!(Flatten),
            Note::Tag(name) => quote!(Tag(#name)),
            Note::Content(name) => quote!(Content(#name)),
            Note::Untagged => quote!(Untagged),
            Note::Constant(name, text) => quote!(Constant(#name, #text)),
            Note::NoUnknownFields => quote!(NoUnknownFields),
            Note::Other => quote!(Other),
            Note::Narrow => quote!(Narrow),
            Note::By(verb, path) => quote!(By(#verb, #path)),
            Note::Rust(name) => quote!(Rust(#name)),
        };
        quote!(#private::Note::#note)
    });
    quote!(&[#(#notes),*])
}
