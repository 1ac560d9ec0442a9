//! Publishers as messages propose them.

#[es_core::event(name = "account.opened")]
pub struct Opened;

#[es_core::event(name = "account.closed")]
pub struct Closed;

#[es_core::event(name = "account.declined")]
pub struct Declined;

#[es_core::event(name = "account.plain")]
pub struct Plain;

#[es_core::event(name = "public.account-opened")]
pub struct AccountOpened;

#[derive(es_core::messaging::Publisher)]
#[publisher(name = "loan-feed", events(Declined))]
pub struct LoanFeed;

impl es_core::messaging::Publish<Declined> for LoanFeed {
    type Public = AccountOpened;

    fn publish(&self, event: &es_core::Recorded<Declined>) -> Option<Self::Public> {
        let _ = event;
        None
    }
}

#[derive(es_core::messaging::Publisher)]
#[publisher(name = "loan-feed", events(Opened))]
pub struct Bare;

impl es_core::messaging::Publish<Opened> for Bare {
    type Public = AccountOpened;

    fn publish(&self, _: &es_core::Recorded<Opened>) -> Option<AccountOpened> {
        Some(AccountOpened)
    }
}

#[derive(es_core::messaging::Publisher)]
#[publisher(name = "plains", events(Plain, Closed))]
pub struct Plains;

impl es_core::messaging::Publish<Plain> for Plains {
    type Public = AccountOpened;

    fn publish(&self, event: &es_core::Recorded<Plain>) -> Option<Self::Public> {
        let _ = event;
        None
    }
}

impl es_core::messaging::Publish<Closed> for Plains {
    type Public = AccountOpened;

    fn publish(&self, _: &es_core::Recorded<Closed>) -> Option<AccountOpened> {
        None
    }
}
