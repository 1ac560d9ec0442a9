//! Deprecated items that are still listed: the user is warned where the user's code names them, and never by
//! generated code.

#![deny(warnings)]

use std::convert::Infallible;

use es_core::projection::Projection;
use es_core::shape::Shape;
use es_core::testing::{given, read};
use es_core::{Aggregate, StreamKey, event};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[deprecated = "nobody opens accounts any more"]
#[event(name = "account.opened", version = 1)]
#[derive(Debug)]
struct OpenedV1 {
    owner: String,
}

#[event(name = "account.opened", version = 2, previous = OpenedV1)]
#[deprecated]
#[derive(Debug)]
struct Opened {
    owner: String,
    #[deprecated]
    #[allow(deprecated)]
    by: Clerk,
}

#[deprecated]
#[derive(Debug, Default, Serialize, Deserialize, Shape)]
struct Clerk(u8);

#[derive(Debug, Default, Serialize, Deserialize, Shape)]
enum Channel {
    #[default]
    Branch,
    #[deprecated]
    Fax {
        #[deprecated]
        number: u32,
    },
}

/// With a history, and a field of a deprecated type.
#[allow(deprecated)]
#[event(name = "account.moved", version = 3, write_as = 2, removed(in = 2, by: Clerk))]
#[derive(Debug)]
struct Moved {
    #[deprecated]
    #[event(added(in = 2, default = 3))]
    floor: u8,
    #[event(added(in = 3, default))]
    channel: Option<Channel>,
    to: Option<Clerk>,
}

impl Clone for Channel {
    fn clone(&self) -> Self {
        Self::Branch
    }
}

#[allow(deprecated)]
impl Clone for Clerk {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

/// Deprecated as a whole, with a history.
#[event(name = "account.closed", version = 2)]
#[deprecated]
#[derive(Debug)]
struct Closed {
    #[event(added(in = 2, default = true))]
    for_good: bool,
}

#[allow(deprecated)]
#[event(name = "account.renamed", version = 2, previous = RenamedV1)]
struct Renamed;

#[deprecated]
#[event(name = "account.renamed")]
struct RenamedV1;

#[deprecated]
#[derive(Debug, StreamKey)]
struct Number(String);

#[deprecated]
#[derive(Default, Serialize, Deserialize, Aggregate)]
#[aggregate(
    name = "account",
    id = Number,
    events(Opened, Moved),
    retired(Closed),
    snapshot(every = 3)
)]
struct Account {
    #[deprecated]
    owner: String,
}

#[deprecated]
#[derive(Projection)]
#[projection(name = "accounts", events(Opened, Closed), model = Model, error = Infallible, batch, setup)]
struct Accounts;

#[deprecated]
#[derive(Debug, Default)]
struct Model;

/// Here the user's code names what is deprecated, and allows it.
#[allow(deprecated)]
mod user {
    use super::{
        Account, Accounts, Clerk, Closed, Infallible, Model, Moved, Opened, OpenedV1, Renamed, RenamedV1,
    };
    use es_core::model::Retired;
    use es_core::projection::{ProjectBatch, ProjectSetup};
    use es_core::{Apply, Events, UpcastContext, UpcastFrom, emit};

    impl UpcastFrom<OpenedV1> for Opened {
        type Error = Infallible;
        fn upcast_from(old: OpenedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
            Ok(Self { owner: old.owner, by: Clerk(0) })
        }
    }

    impl UpcastFrom<RenamedV1> for Renamed {
        type Error = Infallible;
        fn upcast_from(_: RenamedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
            Ok(Self)
        }
    }

    impl Apply<Opened> for Account {
        fn apply(&mut self, event: Opened) {
            self.owner = format!("{} by {}", event.owner, event.by.0);
        }
    }

    impl Apply<Moved> for Account {
        fn apply(&mut self, event: Moved) {
            self.owner = format!("{} {:?} {:?}", event.floor, event.channel, event.to);
        }
    }

    impl Retired<Closed> for Account {
        type Error = Infallible;
        fn retired(event: Closed, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
            emit(event.for_good.then(|| Opened { owner: String::new(), by: Clerk(1) }))
        }
    }

    impl ProjectBatch for Accounts {
        async fn project_batch(&self, _: &[Self::Event], _: &mut Model) -> Result<(), Infallible> {
            Ok(())
        }
    }

    impl ProjectSetup for Accounts {
        async fn setup(&self, _: &mut Model) -> Result<(), Infallible> {
            Ok(())
        }
    }
}

#[test]
#[allow(deprecated)]
fn deprecated_items_are_read_and_folded_without_a_warning() {
    let account: Account = given(()).and_stored("account.opened", 1, &json!({ "owner": "Ann" })).into_state();
    assert_eq!(account.owner, "Ann by 0");
    let moved: Moved = read(1, &json!({ "by": 1, "to": 2 })).expect("reads");
    assert_eq!((moved.floor, moved.to.map(|clerk| clerk.0)), (3, Some(2)));
    assert!(read::<Renamed>(1, &json!(null)).is_ok());
    assert_eq!(<Accounts as Projection>::NAME, "accounts");
    assert!(matches!(
        serde_json::from_value(json!({ "Fax": { "number": 1 } })),
        Ok(Channel::Fax { number: 1 })
    ));
}
