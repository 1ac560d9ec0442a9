//! The bounds of a generic type's parameters: a shape if a field contains one, nothing if they are only in a
//! marker.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{GenericArgument, Generics, PathArguments, ReturnType, Type, TypePath};

use super::described::{Content, Described, Form, Source};
use super::marker::is_marker;

/// The parameters and associated types that need a shape.
#[derive(Default)]
pub(super) struct Needs {
    parameters: Vec<Ident>,
    projections: Vec<TypePath>,
}

impl Needs {
    /// What a type needs in all of its forms, current and former.
    pub(super) fn of(forms: &[&Described], generics: &Generics, ident: &Ident) -> Self {
        let mut needs = Self::default();
        let parameters: Vec<&Ident> = generics.type_params().map(|parameter| &parameter.ident).collect();
        if parameters.is_empty() {
            return needs;
        }
        let mut walk = Walk { parameters, ident, needs: &mut needs };
        for described in forms {
            match &described.form {
                Form::Content(content) => walk.content(content),
                Form::Enum(variants) => variants.iter().for_each(|variant| walk.content(&variant.content)),
            }
        }
        needs
    }

    pub(super) fn has(&self, parameter: &Ident) -> bool {
        self.parameters.contains(parameter)
    }

    /// The predicates of a where clause, each with a comma.
    pub(super) fn predicates(&self, private: &TokenStream) -> TokenStream {
        let Self { parameters, projections } = self;
        quote!(#(#parameters: #private::Shape,)* #(#projections: #private::Shape,)*)
    }
}

struct Walk<'a> {
    parameters: Vec<&'a Ident>,
    /// A use of the type itself adds no further bounds.
    ident: &'a Ident,
    needs: &'a mut Needs,
}

impl Walk<'_> {
    fn content(&mut self, content: &Content) {
        match content {
            Content::Unit => {}
            Content::Is(source, _) => self.source(source),
            Content::Tuple(fields) | Content::Struct(fields) => {
                fields.iter().for_each(|field| self.source(&field.source));
            }
        }
    }

    fn source(&mut self, source: &Source) {
        match source {
            Source::Of(ty) | Source::As(ty) => self.ty(ty),
            Source::Declared(_) | Source::Custom(_) => {}
        }
    }

    fn ty(&mut self, ty: &Type) {
        match ty {
            _ if is_marker(ty) => {}
            Type::Path(path) => self.path(path),
            Type::Reference(reference) => self.ty(&reference.elem),
            Type::Slice(slice) => self.ty(&slice.elem),
            Type::Array(array) => self.ty(&array.elem),
            Type::Group(group) => self.ty(&group.elem),
            Type::Paren(paren) => self.ty(&paren.elem),
            Type::Tuple(tuple) => tuple.elems.iter().for_each(|part| self.ty(part)),
            // It may use any parameter that it names.
            other => self.named_in(other.to_token_stream()),
        }
    }

    fn path(&mut self, path: &TypePath) {
        let segments = &path.path.segments;
        let Some(first) = segments.first() else { return };
        if path.qself.is_some() {
            // `<T as Trait>::Out`
            if self.names_any(path.to_token_stream()) {
                self.project(path);
            }
        } else if path.path.leading_colon.is_none() && self.is_parameter(&first.ident) {
            if segments.len() == 1 { self.need(&first.ident) } else { self.project(path) }
        } else if segments.len() > 1 || first.ident != *self.ident {
            for segment in segments {
                self.arguments(&segment.arguments);
            }
        }
    }

    fn arguments(&mut self, arguments: &PathArguments) {
        match arguments {
            PathArguments::AngleBracketed(arguments) => {
                for argument in &arguments.args {
                    match argument {
                        GenericArgument::Type(ty) => self.ty(ty),
                        GenericArgument::AssocType(assoc) => self.ty(&assoc.ty),
                        _ => {}
                    }
                }
            }
            PathArguments::Parenthesized(arguments) => {
                arguments.inputs.iter().for_each(|input| self.ty(&input.ty));
                if let ReturnType::Type(_, ty) = &arguments.output {
                    self.ty(ty);
                }
            }
            PathArguments::None => {}
        }
    }

    fn is_parameter(&self, ident: &Ident) -> bool {
        self.parameters.contains(&ident)
    }

    fn need(&mut self, parameter: &Ident) {
        if !self.needs.has(parameter) {
            self.needs.parameters.push(parameter.clone());
        }
    }

    fn project(&mut self, path: &TypePath) {
        // A repeated predicate in a where clause is not an error.
        self.needs.projections.push(path.clone());
    }

    fn names_any(&self, tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => self.is_parameter(&ident),
            TokenTree::Group(group) => self.names_any(group.stream()),
            _ => false,
        })
    }

    fn named_in(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if self.is_parameter(&ident) => self.need(&ident),
                TokenTree::Group(group) => self.named_in(group.stream()),
                _ => {}
            }
        }
    }
}
