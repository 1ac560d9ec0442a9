//! An aggregate with every kind of past, and what must hold for every payload that it meets.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use es_core::catalogue::Catalogue;
use es_core::model::Retired;
use es_core::record::RawEvent;
use es_core::shape::Shape;
use es_core::store::Registration;
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{
    Aggregate, Apply, Events, Position, Revision, StreamId, UpcastContext, UpcastFrom, emit, event,
};
use serde::{Deserialize, Serialize};

/// Names that the aggregate knows, and some that it does not.
pub(crate) const NAMES: [&str; 8] = [
    "order.placed",
    "order.paid",
    "order.payed",
    "order.noted",
    "order.weighed",
    "order.shipped",
    "order.lost",
    "",
];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Shape)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Channel {
    Web {
        url: String,
    },
    Shop {
        number: u32,
        #[serde(default)]
        clerk: Option<String>,
    },
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Shape)]
pub(crate) struct Line {
    item: String,
    count: u16,
    price: f64,
    parts: Vec<Self>,
}

#[event(name = "order.placed", version = 3, previous = PlacedV2)]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    lines: Vec<Line>,
    channel: Channel,
    id: Uuid,
}

#[event(name = "order.placed", version = 2, previous = PlacedV1)]
struct PlacedV2 {
    lines: Vec<Line>,
    channel: Option<String>,
}

#[event(name = "order.placed", version = 1)]
struct PlacedV1 {
    item: String,
    count: i64,
}

/// The count has no room in the next version.
#[derive(Debug)]
struct TooMany;

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many")
    }
}

impl std::error::Error for TooMany {}

impl UpcastFrom<PlacedV1> for PlacedV2 {
    type Error = TooMany;
    fn upcast_from(old: PlacedV1, _: &UpcastContext<'_>) -> Result<Self, TooMany> {
        let count = u16::try_from(old.count).map_err(|_| TooMany)?;
        Ok(Self { lines: vec![Line { item: old.item, count, price: 0.0, parts: Vec::new() }], channel: None })
    }
}

impl UpcastFrom<PlacedV2> for Placed {
    type Error = std::convert::Infallible;
    fn upcast_from(old: PlacedV2, context: &UpcastContext<'_>) -> Result<Self, Self::Error> {
        let channel = old.channel.map_or(Channel::Unknown, |url| Channel::Web { url });
        Ok(Self { lines: old.lines, channel, id: context.event_id() })
    }
}

/// Had another name before.
#[event(name = "order.paid", was("order.payed"))]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Paid(i64, String);

#[event(name = "order.noted")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Noted {
    #[serde(flatten)]
    notes: BTreeMap<String, String>,
}

/// Its past is told by its fields.
#[event(name = "order.weighed", version = 3)]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weighed {
    #[event(renamed(in = 3, from = "weight"))]
    grams: u64,
    #[event(added(in = 2, default = 1))]
    parcels: u8,
}

/// Retired: it stands for one note for each parcel, which can be none.
#[event(name = "order.shipped", version = 2, previous = ShippedV1)]
struct Shipped {
    parcels: Vec<String>,
}

#[event(name = "order.shipped", version = 1)]
struct ShippedV1 {
    parcel: Option<String>,
}

impl UpcastFrom<ShippedV1> for Shipped {
    type Error = std::convert::Infallible;
    fn upcast_from(old: ShippedV1, _: &UpcastContext<'_>) -> Result<Self, Self::Error> {
        Ok(Self { parcels: old.parcel.into_iter().collect() })
    }
}

impl Retired<Shipped> for Order {
    type Error = TooMany;
    fn retired(old: Shipped, _: &UpcastContext<'_>) -> Result<Events<Self>, TooMany> {
        if old.parcels.len() > 20 {
            return Err(TooMany);
        }
        let noted = |parcel: String| Noted { notes: BTreeMap::from([("parcel".to_owned(), parcel)]) };
        emit(old.parcels.into_iter().map(noted).collect::<Vec<_>>())
    }
}

#[derive(Aggregate, Default)]
#[aggregate(
    name = "order",
    id = String,
    events(Placed, Paid, Noted, Weighed),
    retired(Shipped),
    event_enum(OrderEvent, derive(Debug, Clone, PartialEq))
)]
pub(crate) struct Order {
    events: usize,
}

impl Apply<Placed> for Order {
    fn apply(&mut self, _: Placed) {
        self.events += 1;
    }
}

impl Apply<Paid> for Order {
    fn apply(&mut self, _: Paid) {
        self.events += 1;
    }
}

impl Apply<Weighed> for Order {
    fn apply(&mut self, _: Weighed) {
        self.events += 1;
    }
}

impl Apply<Noted> for Order {
    fn apply(&mut self, _: Noted) {
        self.events += 1;
    }
}

/// Decodes, and says whether it could.
///
/// # Panics
///
/// When something came out that has no business to.
pub(crate) fn check(name: &str, version: u32, payload: &[u8]) -> bool {
    let Some(events) = decode(name, version, payload) else { return false };
    assert!(is_known(name, version), "version {version} of `{name}` decoded");
    let present = match name {
        "order.payed" => "order.paid",
        "order.shipped" => "order.noted",
        name => name,
    };
    let newest = Order::event_types().iter().find(|of| of.name == present).expect("a current event");
    assert!(events.len() == 1 || name == "order.shipped", "{} events came out", events.len());
    let (mut order, count) = (Order::default(), events.len());
    for event in events {
        assert_eq!(Order::event_type(&event), *newest, "another type came out");
        let mut json = es_core::codec::Payload::new();
        Order::encode(&event, &mut json).expect("what was read can be written");
        let again =
            decode(newest.name, newest.version, json.as_slice()).expect("what was written can be read");
        assert_eq!(again, std::slice::from_ref(&event), "it is another event after it was written");
        order.apply_event(event);
    }
    assert_eq!(order.events, count);
    true
}

/// Whether this is a version of an event, under a name that it has or had.
fn is_known(name: &str, version: u32) -> bool {
    static KNOWN: LazyLock<Vec<Registration>> = LazyLock::new(|| Catalogue::of::<Order>().registrations());
    KNOWN.iter().any(|known| (known.name, known.version) == (name, version))
}

fn decode(name: &str, version: u32, payload: &[u8]) -> Option<Vec<OrderEvent>> {
    let stream = StreamId::new("order", "fuzz").expect("a valid name");
    let raw = RawEvent::new(
        &stream,
        (Revision::new(1), Position::new(1)),
        Uuid::nil(),
        (name, version),
        payload,
        OffsetDateTime::UNIX_EPOCH,
    );
    let mut events = Vec::new();
    match Order::decode(&raw, &mut |event| events.push(event)) {
        Ok(()) => Some(events),
        Err(error) => {
            assert!(events.is_empty(), "an event came out, and then an error");
            // The message is made as well, as it looks at the payload.
            assert!(!error.to_string().is_empty());
            None
        }
    }
}
