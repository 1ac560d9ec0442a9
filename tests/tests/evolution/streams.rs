//! Boundaries, states and read models change; the events stay where they are.

use es_core::subscription::Subscription;

use crate::prelude::*;

/// A customer's orders were one stream; now each order is its own.
mod boundaries {
    use crate::prelude::*;

    #[event(name = "customer.ordered")]
    pub struct Ordered {
        pub order: String,
        pub cents: i64,
    }

    #[event(name = "customer.orders_moved")]
    pub struct OrdersMoved;

    #[derive(Aggregate, Debug, Default)]
    #[aggregate(name = "customer", id = String, events(Ordered, OrdersMoved))]
    pub struct Customer {
        pub orders: Vec<(String, i64)>,
        pub moved: bool,
    }
    impl Apply<Ordered> for Customer {
        fn apply(&mut self, event: Ordered) {
            self.orders.push((event.order, event.cents));
        }
    }
    impl Apply<OrdersMoved> for Customer {
        fn apply(&mut self, _: OrdersMoved) {
            self.moved = true;
        }
    }

    #[derive(Debug, PartialEq)]
    pub struct HasMoved;
    impl std::fmt::Display for HasMoved {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the orders are streams of their own")
        }
    }
    impl std::error::Error for HasMoved {}

    pub struct Place(pub &'static str, pub i64);
    impl Handle<Place> for Customer {
        type Error = HasMoved;
        fn handle(&self, Place(order, cents): &Place) -> Result<Events<Self>, HasMoved> {
            if self.moved {
                return Err(HasMoved);
            }
            emit(Ordered { order: (*order).into(), cents: *cents })
        }
    }

    pub struct MoveOrders;

    impl Handle<MoveOrders> for Customer {
        type Error = Infallible;
        fn handle(&self, _: &MoveOrders) -> Result<Events<Self>, Infallible> {
            emit((!self.moved).then_some(OrdersMoved))
        }
    }

    #[event(name = "order.taken_over")]
    pub struct TakenOver {
        pub from_customer: String,
        pub cents: i64,
    }

    pub struct TakeOver {
        pub from_customer: String,
        pub cents: i64,
    }

    impl Handle<TakeOver> for Order {
        type Error = Infallible;
        fn handle(&self, old: &TakeOver) -> Result<Events<Self>, Infallible> {
            let event = TakenOver { from_customer: old.from_customer.clone(), cents: old.cents };
            emit(self.cents.is_none().then_some(event))
        }
    }

    #[derive(Aggregate, Debug, Default, PartialEq)]
    #[aggregate(name = "order", id = String, events(TakenOver))]
    pub struct Order {
        pub cents: Option<i64>,
    }
    impl Apply<TakenOver> for Order {
        fn apply(&mut self, event: TakenOver) {
            self.cents = Some(event.cents);
        }
    }
}

#[tokio::test]
async fn events_belong_to_another_stream() {
    use boundaries::{Customer, HasMoved, MoveOrders, Order, Place, TakeOver};

    let store = MemoryStore::new();
    let customers = Repository::<Customer, _>::new(store.clone());
    let orders = Repository::<Order, _>::new(store);
    let ann = String::from("Ann");
    customers.execute(&ann, Place("7", 120)).await.expect("executed");
    customers.execute(&ann, Place("8", 5)).await.expect("executed");
    // The program that moves them may be stopped anywhere and start again.
    for _ in 0..2 {
        customers.execute(&ann, MoveOrders).await.expect("executed");
        for (order, cents) in customers.load(&ann).await.expect("it is read").state.orders.clone() {
            let take_over = TakeOver { from_customer: ann.clone(), cents };
            orders.execute(&order, take_over).await.expect("executed");
        }
    }
    let error = customers.execute(&ann, Place("9", 1)).await.expect_err("the stream is done with");
    assert!(matches!(error, ExecuteError::Rejected(HasMoved)), "{error}");
    let order = orders.load(&String::from("7")).await.expect("it is read");
    assert_eq!((order.state, order.revision.get()), (Order { cents: Some(120) }, 1));
}

/// Two versions of a state over the same events.
macro_rules! generation {
    ($module:ident: $($state:tt)*) => {
        mod $module {
            use crate::prelude::*;

            #[event(name = "order.paid")]
            pub struct Paid {
                pub cents: i64,
            }

            $($state)*

            pub struct Pay(pub i64);
            impl Handle<Pay> for Order {
                type Error = Infallible;
                fn handle(&self, Pay(cents): &Pay) -> Result<Events<Self>, Infallible> {
                    emit(Paid { cents: *cents })
                }
            }
        }
    };
}

generation! { one_sum:
    #[derive(Aggregate, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[aggregate(name = "order", id = String, events(Paid), snapshot(every = 2))]
    pub struct Order {
        pub cents: i64,
    }

    impl Apply<Paid> for Order {
        fn apply(&mut self, event: Paid) {
            self.cents += event.cents;
        }
    }
}

generation! { sum_and_count:
    #[derive(Aggregate, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[aggregate(name = "order", id = String, events(Paid), snapshot(every = 2))]
    pub struct Order {
        pub cents: i64,
        pub payments: u32,
    }

    impl Apply<Paid> for Order {
        fn apply(&mut self, event: Paid) {
            self.cents += event.cents;
            self.payments += 1;
        }
    }
}

generation! { without_small_change:
    #[derive(Aggregate, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[aggregate(name = "order", id = String, events(Paid), snapshot(every = 2, build = 2))]
    pub struct Order {
        pub cents: i64,
    }

    impl Apply<Paid> for Order {
        fn apply(&mut self, event: Paid) {
            self.cents += event.cents / 10 * 10;
        }
    }
}

#[tokio::test]
async fn the_state_of_an_aggregate_changes() {
    let (store, id) = (MemoryStore::new(), String::from("7"));
    let one_sum = Repository::<one_sum::Order, _>::new(store.clone());
    for cents in [12, 34, 56] {
        one_sum.execute(&id, one_sum::Pay(cents)).await.expect("executed");
        one_sum.settle().await;
    }
    let counted = Repository::<sum_and_count::Order, _>::new(store.clone());
    let state = counted.load(&id).await.expect("it is read").state;
    assert_eq!(
        (state.cents, state.payments),
        (102, 3),
        "snapshots of another state are not taken for its own"
    );
    let cut = Repository::<without_small_change::Order, _>::new(store);
    assert_eq!(cut.load(&id).await.expect("it is read").state.cents, 90, "nor are those of another `build`");
}

#[tokio::test]
async fn a_read_model_changes() {
    let (store, id) = (MemoryStore::new(), String::from("7"));
    let orders = Repository::<one_sum::Order, _>::new(store.clone());
    orders.execute(&id, one_sum::Pay(12)).await.expect("executed");
    orders.execute(&id, one_sum::Pay(34)).await.expect("executed");

    let mut sums = Subscription::of::<one_sum::Order>(store.clone());
    let mut sum = 0;
    while let Some(recorded) = sums.try_next().await.expect("it is read") {
        let one_sum::OrderEvent::Paid(paid) = recorded.event;
        sum += paid.cents;
    }
    let checkpoint = sums.checkpoint();

    // The next build starts from the first event, next to the old one until it has caught up.
    let mut largest = Subscription::of::<one_sum::Order>(store);
    let mut most = 0;
    while largest.checkpoint() != checkpoint {
        let one_sum::OrderEvent::Paid(paid) = largest.next().await.expect("it is read").event;
        most = most.max(paid.cents);
    }
    assert_eq!((sum, most), (46, 34));
}
