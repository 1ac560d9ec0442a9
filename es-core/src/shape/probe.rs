//! Detecting whether a type has a shape, without requiring one.

use std::any::type_name;
use std::marker::PhantomData;

use super::{Describe, Shape, Type, Types};

/// `Probe::<T>::SHAPE` is the shape of `T` if it has one, and otherwise an opaque one: an inherent associated
/// constant takes precedence over a trait's, and it exists only if its bound holds.
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: Shape + ?Sized> Probe<T> {
    pub const SHAPE: Describe = T::shape;
}

/// Must be in scope where a [`Probe`] is used.
#[doc(hidden)]
pub trait Opaque {
    const SHAPE: Describe;
}

impl<T: ?Sized> Opaque for Probe<T> {
    const SHAPE: Describe = |_: &mut Types| opaque(type_name::<T>());
}

fn opaque(path: &str) -> Type {
    Type::Opaque(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Foreign;

    #[test]
    fn a_type_without_a_shape_is_opaque_and_named_by_its_path() {
        let mut types = Types::default();
        assert_eq!(Probe::<Option<i64>>::SHAPE(&mut types), Type::Optional(Box::new(Type::plain("i64"))));
        assert_eq!(Probe::<Foreign>::SHAPE(&mut types), Type::Opaque(type_name::<Foreign>().into()));
        assert_eq!(
            Probe::<Vec<Option<Foreign>>>::SHAPE(&mut types),
            Type::Opaque(type_name::<Vec<Option<Foreign>>>().into())
        );
    }
}
