//! How generated code names es-core, whatever the user's module calls by the same names.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Path, Result, Type, TypePath};

use crate::keys;

/// The path of es-core: `::es_core`, or what `crate = …` says.
#[derive(Clone)]
pub(crate) struct CratePath(TokenStream);

impl Default for CratePath {
    fn default() -> Self {
        Self(quote!(::es_core))
    }
}

impl Parse for CratePath {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let path = if input.peek(LitStr) {
            input.parse::<LitStr>()?.parse_with(Path::parse_mod_style)?
        } else {
            input.call(Path::parse_mod_style)?
        };
        Ok(Self(path.into_token_stream()))
    }
}

impl CratePath {
    /// Reads `= path`, or `= "path"`.
    pub(crate) fn of_key(key: &Ident, input: ParseStream<'_>) -> Result<Self> {
        keys::value(key, "::my_es_core", input)
    }

    /// The module of everything that only generated code names.
    pub(crate) fn private(&self) -> TokenStream {
        let path = &self.0;
        quote!(#path::__private)
    }

    /// The path of serde for `#[serde(crate = "…")]` on a type, and what must stand beside the type. serde
    /// takes text, and text cannot say `$crate`: what is there gets a name beside the type.
    pub(crate) fn serde(&self, ident: &Ident) -> (LitStr, Option<TokenStream>) {
        let private = self.private();
        let text: String = private.clone().into_iter().map(|token| token.to_string()).collect();
        let literal = |text: String| LitStr::new(&text, Span::call_site());
        if !text.contains('$') {
            return (literal(format!("{text}::serde")), None);
        }
        let name = format_ident!("__es_serde_{ident}");
        (literal(name.to_string()), Some(quote!(use #private::serde as #name;)))
    }
}

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

/// The path that a type is, without the invisible and the real parentheses around it.
pub(crate) fn as_path(ty: Type) -> Option<TypePath> {
    match ty {
        Type::Path(path) => Some(path),
        Type::Group(group) => as_path(*group.elem),
        Type::Paren(paren) => as_path(*paren.elem),
        _ => None,
    }
}

/// Where a path is reported: at its last word, as stable compilers cannot join the places of several.
pub(crate) fn span(path: &TypePath) -> Span {
    last_ident(&path.path).map_or_else(Span::call_site, Ident::span)
}

/// The last word of a path.
pub(crate) fn last_ident(path: &Path) -> Option<&Ident> {
    path.segments.last().map(|segment| &segment.ident)
}

/// The same code, reported as standing at `span`. Generated locals, `self` and `$crate` stay what they are:
/// the user's macros see others.
pub(crate) fn respan(code: TokenStream, span: Span) -> TokenStream {
    let respanned = code.into_iter().map(|mut token| {
        match &token {
            TokenTree::Ident(ident) if ident == "self" || ident.to_string().starts_with("__es_") => {
                return token;
            }
            TokenTree::Ident(ident) if ident == "$crate" => {
                token.set_span(span.resolved_at(ident.span()));
                return token;
            }
            TokenTree::Group(group) => {
                token = TokenTree::Group(Group::new(group.delimiter(), respan(group.stream(), span)));
            }
            _ => {}
        }
        token.set_span(span);
        token
    });
    respanned.collect()
}

/// The same code at the same places, known to the compiler as generated: lints, that of deprecated types
/// among them, pass it over. An `allow` would be an error in a crate that forbids the lint.
pub(crate) fn generated(code: TokenStream) -> TokenStream {
    let marked = code.into_iter().map(|mut token| {
        let span = Span::call_site().located_at(token.span());
        match &token {
            // It names the crate of the macro that wrote it.
            TokenTree::Ident(ident) if ident == "$crate" => return token,
            TokenTree::Group(group) => {
                let mut marked = Group::new(group.delimiter(), generated(group.stream()));
                marked.set_span(span);
                return TokenTree::Group(marked);
            }
            _ => token.set_span(span),
        }
        token
    });
    marked.collect()
}
