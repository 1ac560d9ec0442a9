//! How generated code names es-core, whatever the user's module calls by the same names.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::{Error, LitStr, Path, Result, Type, TypePath};

use crate::keys;

/// The path of es-core: `::es_core`, or what `crate = "…"` says.
#[derive(Clone)]
pub(crate) struct CratePath(TokenStream);

impl Default for CratePath {
    fn default() -> Self {
        Self(quote!(::es_core))
    }
}

impl CratePath {
    /// Reads `= "path"`.
    pub(crate) fn parse(key: &Ident, input: ParseStream<'_>) -> Result<Self> {
        let text: LitStr = keys::value(key, "\"path::to::es_core\"", input)?;
        match text.parse_with(Path::parse_mod_style) {
            Ok(path) => Ok(Self(path.into_token_stream())),
            Err(_) => {
                Err(Error::new_spanned(&text, "this is no path; write one like `crate = \"::my_es_core\"`"))
            }
        }
    }

    /// The module of everything that only generated code names.
    pub(crate) fn private(&self) -> TokenStream {
        let path = &self.0;
        quote!(#path::__private)
    }

    /// The path of serde, for `#[serde(crate = "…")]`.
    pub(crate) fn serde(&self) -> LitStr {
        let text: String = self.private().into_iter().map(|token| token.to_string()).collect();
        LitStr::new(&format!("{text}::serde"), Span::call_site())
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

/// The same code, reported as standing at `span`. Generated locals, and `self`, stay what they are: the user's macros see
/// others.
pub(crate) fn respan(code: TokenStream, span: Span) -> TokenStream {
    let respanned = code.into_iter().map(|mut token| {
        match &token {
            TokenTree::Ident(ident) if ident == "self" || ident.to_string().starts_with("__es_") => {
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
