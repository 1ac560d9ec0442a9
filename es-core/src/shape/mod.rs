//! Shapes: descriptions of the JSON of types, so that two programs, or two commits of one, can be compared.
//!
//! `#[event]` gives every event its shape, [`#[derive(Shape)]`](derive@crate::shape::Shape) gives one to the
//! types inside it. [`events.lock`](crate::lock) stores the canonical text of a shape; its hash is the
//! [`Fingerprint`].

mod ambiguity;
mod check;
mod declared;
mod description;
mod enter;
mod fingerprint;
mod flatten;
mod history;
mod impls;
mod line;
mod model;
mod opaque;
mod order;
mod probe;
mod rust_name;
mod sample;
mod schema;
mod text;

pub use ambiguity::Ambiguity;
pub use check::Misfit;
pub use declared::InvalidForm;
pub use description::{
    ChangeDescription, ContentDescription, Describe, FieldDescription, FormDescription, HistoryDescription,
    StepDescription, TypeDescription, VariantDescription,
};
#[cfg(feature = "macros")]
pub use es_macros::Shape;
pub use fingerprint::Fingerprint;
pub use model::{Note, Type, Types};
pub use opaque::{OpaqueCause, OpaquePart};
pub use probe::{Opaque, Probe};
pub use schema::Schema;

pub(crate) use history::{HISTORY, LATER, Unsound};
pub(crate) use line::{Line, quoted};
pub(crate) use model::{Content, Definition, Field, Form, Variant};
pub(crate) use rust_name::without_paths;

/// The JSON schema of a type: its fields with their wire names, its variants, its nested types.
///
/// Derived by [`#[derive(Shape)]`](derive@crate::shape::Shape), which reads serde's attributes, so that the
/// shape is the one on the wire. A type without it is opaque: that breaks no build, only the
/// [lock](crate::lock) test.
///
/// By hand, for a type that is serialized as another one:
///
/// ```
/// use es_core::shape::{Schema, Shape, Type, Types};
///
/// pub struct Iban(String);
///
/// impl Shape for Iban {
///     fn shape(_: &mut Types) -> Type {
///         Type::string("iban")
///     }
/// }
///
/// assert_eq!(Schema::of::<Vec<Iban>>().text(), "payload: list<string:iban>\n");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no shape",
    label = "no `Shape`",
    note = "write `#[derive(es_core::shape::Shape)]` above `{Self}`, or `#[shape(\"…\")]` on the field that \
            holds it"
)]
pub trait Shape {
    /// Describes the type. Named types are entered into `types`, so that a recursive type finds its own name.
    fn shape(types: &mut Types) -> Type;
}
