//! Events that could not be read back are refused before they are written.

use std::sync::Arc;

use crate::common::Meddler;
use es_core::{Aggregate, Apply, ExecuteError, Repository, Revision, StoreError, emit, event};
use serde::{Deserialize, Deserializer};

fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = i64::deserialize(deserializer)?;
    if value > 0 { Ok(value) } else { Err(serde::de::Error::custom(format!("{value} is not positive"))) }
}

#[event(name = "sensor.measured")]
struct Measured {
    celsius: Option<f64>,
}

#[event(name = "sensor.counted")]
struct Counted {
    #[serde(deserialize_with = "positive")]
    times: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = String, events(Measured, Counted))]
struct Sensor {
    last: Option<f64>,
    times: i64,
}

impl Apply<Measured> for Sensor {
    fn apply(&mut self, event: Measured) {
        self.last = event.celsius;
    }
}

impl Apply<Counted> for Sensor {
    fn apply(&mut self, event: Counted) {
        self.times += event.times;
    }
}

fn id() -> String {
    "A-17".into()
}

#[tokio::test]
async fn a_number_that_json_cannot_hold_is_refused() {
    let store = Meddler::default();
    let sensors = Repository::<Sensor, _>::new(store.clone());
    for celsius in [f64::NAN, f64::INFINITY] {
        let decide = async |_: Arc<Sensor>| {
            emit::<_, StoreError>((Measured { celsius: Some(1.0) }, Measured { celsius: Some(celsius) }))
        };
        let error = sensors.decide(&id(), decide).await.expect_err("no JSON");
        let ExecuteError::Store(StoreError::Encode(error)) = error else { panic!("{error}") };
        assert_eq!((error.name, error.version), ("sensor.measured", 1));
    }
    assert_eq!(Meddler::count(&store.appends), 0);
    assert_eq!(sensors.load(&id()).await.expect("a state").revision, Revision::EMPTY);
}

#[tokio::test]
async fn an_event_that_does_not_read_back_is_refused_without_being_shown() {
    let store = Meddler::default();
    let sensors = Repository::<Sensor, _>::new(store.clone());
    let decide = async |_: Arc<Sensor>| emit::<_, StoreError>(Counted { times: -41 });
    let error = sensors.decide(&id(), decide).await.expect_err("not readable");
    let text = error.to_string();
    let ExecuteError::Store(StoreError::NotReadable { name, version, .. }) = error else { panic!("{text}") };
    assert_eq!((name, version), ("sensor.counted", 1));
    assert!(!text.contains("41"), "{text}");
    assert_eq!(Meddler::count(&store.appends), 0);
}

#[tokio::test]
async fn every_float_comes_back_as_it_was() {
    let sensors = Repository::<Sensor, _>::new(Meddler::default());
    for celsius in [0.1 + 0.2, f64::MIN_POSITIVE, f64::MAX, 5e-324, 1e21, -123_456.789_012_345_67] {
        let decide = async |_: Arc<Sensor>| emit::<_, StoreError>(Measured { celsius: Some(celsius) });
        sensors.decide(&id(), decide).await.expect("measured");
        let last = sensors.load(&id()).await.expect("a state").state.last;
        assert_eq!(last.map(f64::to_bits), Some(celsius.to_bits()));
    }
}
