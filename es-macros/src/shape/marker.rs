//! Fields that only mark a parameter.

use syn::Type;

/// Whether a type is `PhantomData`, by the same sign by which serde knows it.
pub(crate) fn is_marker(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "PhantomData"),
        Type::Group(group) => is_marker(&group.elem),
        Type::Paren(paren) => is_marker(&paren.elem),
        _ => false,
    }
}
