//! Fields that hold no value of their own.

use syn::{DeriveInput, GenericArgument, PathArguments, Type};

use crate::errors::Errors;
use crate::shape::serde;

/// Reports references and raw pointers. Returns whether there are none: what follows from them would hide the mistake.
pub(super) fn check(input: &DeriveInput, errors: &mut Errors) -> bool {
    let syn::Data::Struct(data) = &input.data else { return true };
    let mut is_sound = true;
    for field in &data.fields {
        // Code of the user's own may read a reference, out of a table or by leaking.
        if serde::of_part(&field.attrs).by.is_empty() {
            is_sound &= owns(&field.ty, errors);
        }
    }
    is_sound
}

fn owns(ty: &Type, errors: &mut Errors) -> bool {
    match ty {
        Type::Reference(_) => {
            errors.spanned(
                ty,
                "an event is read from a text that does not live as long; write a type that owns its value, such as \
                 `String` for `&str`, or `Vec<T>` for `&[T]`",
            );
            false
        }
        Type::Ptr(_) => {
            errors.spanned(
                ty,
                "an address means nothing when it is read again; write the value that it points to",
            );
            false
        }
        Type::Path(path) => path.path.segments.iter().all(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(arguments) => {
                arguments.args.iter().all(|argument| match argument {
                    GenericArgument::Type(ty) => owns(ty, errors),
                    _ => true,
                })
            }
            _ => true,
        }),
        Type::Tuple(tuple) => tuple.elems.iter().all(|ty| owns(ty, errors)),
        Type::Array(array) => owns(&array.elem, errors),
        Type::Group(group) => owns(&group.elem, errors),
        Type::Paren(paren) => owns(&paren.elem, errors),
        _ => true,
    }
}
