//! What is kept beside the events of a store, such as read models.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::latch::hold;

/// One value of each type, which clones of a store share.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside(Arc<Mutex<HashMap<TypeId, Box<dyn Any + Send>>>>);

impl Beside {
    pub(super) fn get<T: Clone + Default + Send + 'static>(&self) -> T {
        let mut values = hold(&self.0);
        let value = values.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(T::default()));
        value.downcast_ref::<T>().cloned().unwrap_or_default()
    }
}
