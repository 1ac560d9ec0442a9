//! Reactors as messages propose them.

use es_core::reactor::Reactor;

#[es_core::event(name = "account.opened")]
pub struct Opened;

#[es_core::event(name = "account.closed")]
pub struct Closed;

#[es_core::event(name = "account.plain")]
pub struct Plain;

/// Why a mail is not sent.
pub type MailError = std::fmt::Error;

#[derive(Reactor)]
#[reactor(name = "welcome-mail")]
#[reactor(events(Opened, Closed))]
pub struct WelcomeMail;

impl es_core::reactor::React<Opened> for WelcomeMail {
    async fn react(&self, _: &es_core::Recorded<Opened>) -> Result<(), es_core::record::BoxError> {
        Ok(())
    }
}

impl es_core::reactor::React<Closed> for WelcomeMail {
    async fn react(&self, event: &es_core::Recorded<Closed>) -> Result<(), Self::Error> {
        let _ = event;
        Ok(())
    }
}

#[derive(es_core::reactor::Reactor)]
#[reactor(name = "plains", events(Plain), error = MailError)]
pub struct Plains;

impl es_core::reactor::React<Plain> for Plains {
    async fn react(&self, event: &es_core::Recorded<Plain>) -> Result<(), Self::Error> {
        let _ = event;
        Ok(())
    }
}

#[derive(Reactor)]
#[reactor(name = "welcome-mail", events(Opened))]
pub struct Bare;

impl es_core::reactor::React<Opened> for Bare {
    async fn react(&self, _: &es_core::Recorded<Opened>) -> Result<(), es_core::record::BoxError> {
        Ok(())
    }
}
