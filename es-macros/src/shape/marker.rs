//! Fields that only mark a parameter.

use syn::Type;

/// Whether a type is `PhantomData`, recognised in the same way as by serde.
pub(crate) fn is_marker(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "PhantomData"),
        Type::Group(group) => is_marker(&group.elem),
        Type::Paren(paren) => is_marker(&paren.elem),
        _ => false,
    }
}
