use es_core::reactor::{React, Reactor};
use es_core::record::BoxError;
use es_core::{Recorded, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

pub struct Plain;

#[derive(Reactor)]
#[reactor(name = "welcome-mail", events(Opened, Closed))]
pub struct WelcomeMail;

impl React<Opened> for WelcomeMail {
    async fn react(&self, _: &Recorded<Opened>) -> Result<(), BoxError> {
        Ok(())
    }
}

#[derive(Reactor)]
#[reactor(name = "plain", events(Plain))]
pub struct Plains;

fn main() {}
