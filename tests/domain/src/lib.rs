//! A user's domain in a crate of its own, which knows es-core by another name.

use std::convert::Infallible;

use my_es::shape::Shape;
use my_es::{Aggregate, Apply, Events, Handle, StreamKey, UpcastContext, UpcastFrom, emit, event};

pub use my_es as es;

mod facade;

/// The number on a card.
#[derive(Debug, Clone, PartialEq, StreamKey)]
#[stream_key(crate = "::my_es")]
pub struct CardNumber(pub String);

/// A card was sent out.
#[event(name = "card.issued", version = 2, previous = IssuedV1, crate = "::my_es")]
#[derive(Debug, Clone, PartialEq)]
pub struct Issued {
    /// To whom.
    pub holder: String,
    /// How much can be spent, in cents.
    pub limit: u64,
}

#[event(name = "card.issued", crate = "::my_es")]
struct IssuedV1 {
    holder: String,
}

impl UpcastFrom<IssuedV1> for Issued {
    type Error = Infallible;

    fn upcast_from(old: IssuedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self { holder: old.holder, limit: 100_000 })
    }
}

/// Who signed.
#[derive(Debug, Default, Clone, PartialEq, Shape)]
#[shape("string", crate = my_es)]
pub struct Signature(pub String);

impl my_es::__private::serde::Serialize for Signature {
    fn serialize<S: my_es::__private::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> my_es::__private::serde::Deserialize<'de> for Signature {
    fn deserialize<D: my_es::__private::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// A card was blocked.
#[event(name = "card.blocked", crate = "my_es")]
#[derive(Debug, Clone, PartialEq)]
pub struct Blocked;

/// A card was used.
#[event(name = "card.used", version = 2, write_as = 1, crate = "::my_es")]
#[derive(Debug, Clone, PartialEq)]
#[serde(default)]
#[derive(Default)]
pub struct Used {
    /// Where.
    #[event(renamed(in = 2, from = "shop"))]
    pub place: String,
    /// How much, in cents.
    #[event(added(in = 2, default))]
    pub amount: Option<u64>,
}

/// A card.
#[derive(Debug, Default, PartialEq, Aggregate)]
#[aggregate(name = "card", id = CardNumber, events(Issued, Blocked), event_enum(derive(Debug)), crate = "::my_es")]
pub struct Card {
    /// Who may use it; nobody before it is issued and when it is blocked.
    pub holder: Option<String>,
}

impl Apply<Issued> for Card {
    fn apply(&mut self, event: Issued) {
        self.holder = Some(event.holder);
    }
}

impl Apply<Blocked> for Card {
    fn apply(&mut self, _: Blocked) {
        self.holder = None;
    }
}

/// Asks to block a card.
#[derive(Debug)]
pub struct Block;

impl Handle<Block> for Card {
    type Error = Infallible;

    fn handle(&self, _: &Block) -> Result<Events<Self>, Infallible> {
        emit(self.holder.as_ref().map(|_| Blocked))
    }
}
