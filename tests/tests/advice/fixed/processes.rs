//! Processes as messages propose them.

use es_core::process::{Process, command, steps, timer};
use es_core::{Aggregate, Apply, emit, event};

#[event(name = "order.placed")]
pub struct Placed {}

#[event(name = "payment.charged")]
pub struct Charged {}

#[derive(Aggregate, Default)]
#[aggregate(name = "payment", id = String, events(Charged))]
pub struct Payment;

impl Apply<Charged> for Payment {
    fn apply(&mut self, _: Charged) {}
}

#[command(name = "payment.charge")]
pub struct Charge {}

#[command(name = "payment.remind")]
pub struct Remind {}

/// Why a payment is not charged.
#[derive(Debug)]
pub struct TooMuch;

impl std::fmt::Display for TooMuch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too much")
    }
}

impl std::error::Error for TooMuch {}

impl es_core::Handle<Charge> for Payment {
    type Error = TooMuch;

    fn handle(&self, _: &Charge) -> Result<es_core::Events<Self>, TooMuch> {
        emit(Charged {})
    }
}

impl es_core::Handle<Remind> for Payment {
    type Error = std::convert::Infallible;

    fn handle(&self, command: &Remind) -> Result<es_core::Events<Self>, Self::Error> {
        let _ = command;
        Ok(es_core::Events::default())
    }
}

#[timer(name = "billing.overdue")]
pub struct Overdue {}

#[derive(Aggregate, Process, Default)]
#[aggregate(name = "billing", id = String)]
#[process(on(Placed), timers(Overdue), sends(Payment: Charge, Payment: Remind))]
pub struct Billing;

impl es_core::process::On<Placed> for Billing {
    fn correlate(event: &es_core::Recorded<Placed>) -> Option<Self::Id> {
        Some(event.stream.key().to_owned())
    }

    fn on(&self, event: &es_core::Recorded<Placed>) -> es_core::process::Steps<Self> {
        let _ = event;
        steps()
    }
}

impl es_core::process::OnTimer<Overdue> for Billing {
    fn on_timer(&self, due: &es_core::process::Due<Self, Overdue>) -> es_core::process::Steps<Self> {
        let _ = due;
        steps()
    }
}

impl es_core::process::OnRejected<Charge> for Billing {
    fn on_rejected(
        &self,
        rejected: &es_core::process::Rejected<'_, Self, Charge>,
    ) -> es_core::process::Steps<Self> {
        let _ = rejected;
        steps()
    }
}

/// Names in the proposals, in place of the user's.
pub mod events {
    #[es_core::event(name = "account.opened")]
    pub struct Opened;

    #[es_core::event(name = "account.closed")]
    pub struct Closed;
}

/// Timers of these names.
pub mod timers {
    #[es_core::process::timer(name = "account.opened")]
    pub struct Opened {}

    #[es_core::process::timer(name = "account.closed")]
    pub struct Closed {}
}

/// An aggregate with the name in the proposals.
#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = String, events(Charged))]
pub struct Account;

impl Apply<Charged> for Account {
    fn apply(&mut self, _: Charged) {}
}

#[command(name = "account.withdraw")]
pub struct Withdraw {}

impl es_core::Handle<Withdraw> for Account {
    type Error = std::convert::Infallible;

    fn handle(&self, _: &Withdraw) -> Result<es_core::Events<Self>, Self::Error> {
        emit(Charged {})
    }
}

impl es_core::Handle<Charge> for Account {
    type Error = std::convert::Infallible;

    fn handle(&self, _: &Charge) -> Result<es_core::Events<Self>, Self::Error> {
        emit(Charged {})
    }
}

mod inputs {
    use super::events::{Closed, Opened};
    use es_core::process::{On, Process, Steps, steps};
    use es_core::{Aggregate, Recorded};

    #[derive(Aggregate, Process, Default)]
    #[aggregate(name = "inputs", id = String)]
    #[process(on(Opened, Closed))]
    pub struct Inputs;

    impl On<Opened> for Inputs {
        fn correlate(_: &Recorded<Opened>) -> Option<String> {
            None
        }

        fn on(&self, _: &Recorded<Opened>) -> Steps<Self> {
            steps()
        }
    }

    impl On<Closed> for Inputs {
        fn correlate(_: &Recorded<Closed>) -> Option<String> {
            None
        }

        fn on(&self, _: &Recorded<Closed>) -> Steps<Self> {
            steps()
        }
    }
}

mod outputs {
    use super::timers::{Closed, Opened};
    use super::{Account, Charge, Overdue, Placed, Withdraw};
    use es_core::process::{Due, On, OnTimer, Process, Steps, steps};
    use es_core::{Aggregate, Recorded};

    #[derive(Aggregate, Process, Default)]
    #[aggregate(name = "outputs", id = String)]
    #[process(on(Placed), timers(Opened, Closed), sends(Account: Withdraw))]
    pub struct Outputs;

    #[derive(Aggregate, Process, Default)]
    #[aggregate(name = "others", id = String)]
    #[process(on(Placed))]
    #[process(timers(Opened, Overdue))]
    #[process(sends(Account: Charge))]
    pub struct Others;

    macro_rules! takes {
        ($process:ty: $($timer:ty),*) => {
            impl On<Placed> for $process {
                fn correlate(_: &Recorded<Placed>) -> Option<String> {
                    None
                }

                fn on(&self, _: &Recorded<Placed>) -> Steps<Self> {
                    steps()
                }
            }

            $(impl OnTimer<$timer> for $process {
                fn on_timer(&self, _: &Due<Self, $timer>) -> Steps<Self> {
                    steps()
                }
            })*
        };
    }

    takes!(Outputs: Opened, Closed);
    takes!(Others: Opened, Overdue);
}
