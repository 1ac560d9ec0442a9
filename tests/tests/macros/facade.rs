//! A crate around es-core, whose macros generate events and aggregates for crates that know only it.

use es_tests_domain::es::testing::{given, read};
use es_tests_domain::{Blocked, Signature, follows_issued, signed};
use serde_json::json;

/// Shadows a path that could be taken for one of this crate.
pub mod es {}

/// For a field in the macro: numbers as text.
mod as_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        number.to_string().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

signed!(Signed = "contract.signed", in Contract = "contract", by ContractNumber);
follows_issued!(Issued);

#[test]
fn macros_of_a_facade_name_es_core_by_their_own_crate() {
    let signed: Signed = read(1, &json!({ "by": "Ann", "place": "Ulm" })).expect("reads");
    assert_eq!((signed.by, signed.pages, signed.lines), (Signature("Ann".into()), 7, 3));
    let contract: Contract = given(Signed { pages: 2, ..Signed::default() }).into_state();
    assert_eq!(contract, Contract { pages: 2 });
    let contract: Contract = given(ContractEvent::Blocked(Blocked)).into_state();
    assert_eq!(contract, Contract { pages: 0 });
    let issued: Issued = read(1, &json!({ "holder": "Ann" })).expect("reads");
    assert_eq!(issued.holder, "Ann");
}

#[test]
fn macros_of_a_facade_work_within_a_function() {
    signed!(Inner = "inner.signed", in State = "inner", by Number);
    let signed: Inner = read(2, &json!({ "by": "Ann", "pages": 4 })).expect("reads");
    assert_eq!((signed.pages, signed.lines), (4, 3));
    assert_eq!(given::<State>(signed).into_state(), State { pages: 4 });
    assert_eq!(es_tests_domain::es::StreamKey::to_key(&Number(3)), "3");
}
