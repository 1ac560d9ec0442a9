//! Errors of stores, and of the commands that a store was needed for.

mod execute;
mod kind;
mod store;

pub use self::execute::ExecuteError;
pub use self::kind::StoreErrorKind;
pub use self::store::StoreError;
