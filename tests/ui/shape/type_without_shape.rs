//! Where a shape is asked for, a type without one says what to write.

use es_core::shape::Schema;

struct Money(i64);

fn main() {
    Schema::of::<Money>();
}
