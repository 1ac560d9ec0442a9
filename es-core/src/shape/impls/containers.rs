//! Containers: what they add to the shape of their contents, if anything.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::num::{Saturating, Wrapping};
use std::rc::Rc;
use std::sync::{Arc, Mutex, RwLock};

use crate::shape::{Shape, Type, Types};

macro_rules! same_as_content {
    ($($ty:ty;)*) => {$(
        impl<T: Shape + ?Sized> Shape for $ty {
            fn shape(types: &mut Types) -> Type {
                T::shape(types)
            }
        }
    )*};
}

same_as_content! {
    &T;
    &mut T;
    Box<T>;
    Rc<T>;
    Arc<T>;
    RefCell<T>;
    Mutex<T>;
    RwLock<T>;
}

macro_rules! same_as_sized_content {
    ($($ty:ty;)*) => {$(
        impl<T: Shape> Shape for $ty {
            fn shape(types: &mut Types) -> Type {
                T::shape(types)
            }
        }
    )*};
}

same_as_sized_content! {
    Cell<T>;
    Reverse<T>;
    Wrapping<T>;
    Saturating<T>;
}

impl<T: Shape + ToOwned + ?Sized> Shape for Cow<'_, T> {
    fn shape(types: &mut Types) -> Type {
        T::shape(types)
    }
}

impl<T: ?Sized> Shape for PhantomData<T> {
    fn shape(_: &mut Types) -> Type {
        Type::plain("null")
    }
}

impl<T: Shape> Shape for Option<T> {
    fn shape(types: &mut Types) -> Type {
        types.option(T::shape)
    }
}

macro_rules! lists {
    ($($ty:ty;)*) => {$(
        impl<T: Shape> Shape for $ty {
            fn shape(types: &mut Types) -> Type {
                types.list(T::shape)
            }
        }
    )*};
}

lists! {
    [T];
    Vec<T>;
    VecDeque<T>;
    LinkedList<T>;
    BinaryHeap<T>;
}

impl<T: Shape, const N: usize> Shape for [T; N] {
    fn shape(types: &mut Types) -> Type {
        types.array(T::shape, N)
    }
}

impl<T: Shape> Shape for BTreeSet<T> {
    fn shape(types: &mut Types) -> Type {
        types.set(T::shape)
    }
}

impl<T: Shape, S> Shape for HashSet<T, S> {
    fn shape(types: &mut Types) -> Type {
        types.set(T::shape)
    }
}

impl<K: Shape, V: Shape> Shape for BTreeMap<K, V> {
    fn shape(types: &mut Types) -> Type {
        types.map(K::shape, V::shape)
    }
}

impl<K: Shape, V: Shape, S> Shape for HashMap<K, V, S> {
    fn shape(types: &mut Types) -> Type {
        types.map(K::shape, V::shape)
    }
}

macro_rules! tuples {
    ($(($($part:ident)+))*) => {$(
        impl<$($part: Shape),+> Shape for ($($part,)+) {
            fn shape(types: &mut Types) -> Type {
                types.tuple(&[$($part::shape),+])
            }
        }
    )*};
}

tuples! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
    (A B C D E F G H I) (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L)
}
