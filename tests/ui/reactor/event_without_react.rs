use es_core::{BoxError, React, Reactor, Recorded, event};

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
