//! How generated code names es-core, independently of the names in the user's module.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Path, Result, Type, TypePath};

use crate::keys;

/// The path of es-core: `::es_core`, or the value of `crate = …`.
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
    /// Parses `= path`, or `= "path"`.
    pub(crate) fn of_key(key: &Ident, input: ParseStream<'_>) -> Result<Self> {
        keys::value(key, "::my_es_core", input)
    }

    /// The module of the items that only generated code uses.
    pub(crate) fn private(&self) -> TokenStream {
        let path = &self.0;
        quote!(#path::__private)
    }

    /// The path of serde for `#[serde(crate = "…")]` on a type, and the import that it needs next to the
    /// type. serde takes text, which cannot contain `$crate`, so that path gets a name next to the type.
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

/// The path of a type, without the invisible and the real parentheses around it.
pub(crate) fn as_path(ty: Type) -> Option<TypePath> {
    match ty {
        Type::Path(path) => Some(path),
        Type::Group(group) => as_path(*group.elem),
        Type::Paren(paren) => as_path(*paren.elem),
        _ => None,
    }
}

/// Where a path is reported: at its last segment, as stable compilers cannot join spans.
pub(crate) fn span(path: &TypePath) -> Span {
    last_ident(&path.path).map_or_else(Span::call_site, Ident::span)
}

/// The last segment of a path.
pub(crate) fn last_ident(path: &Path) -> Option<&Ident> {
    path.segments.last().map(|segment| &segment.ident)
}

/// The same code with the span `span`. Generated locals, `self` and `$crate` keep theirs, so that hygiene is
/// unchanged.
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

/// The same code with the same spans, marked as generated, so that lints, including that for deprecated
/// types, ignore it. An `allow` would be an error in a crate that forbids the lint.
pub(crate) fn generated(code: TokenStream) -> TokenStream {
    let marked = code.into_iter().map(|mut token| {
        let span = Span::call_site().located_at(token.span());
        match &token {
            // It names the crate of the macro in which it was written.
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
