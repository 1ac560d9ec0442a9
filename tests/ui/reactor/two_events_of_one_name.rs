use es_core::reactor::{React, Reactor};
use es_core::record::BoxError;
use es_core::{Recorded, event};

#[event(name = "account.opened", was("account.made"))]
pub struct Opened;

#[event(name = "account.made")]
pub struct Made;

#[derive(Reactor)]
#[reactor(name = "welcome-mail", events(Opened, Made))]
pub struct WelcomeMail;

impl React<Opened> for WelcomeMail {
    async fn react(&self, _: &Recorded<Opened>) -> Result<(), BoxError> {
        Ok(())
    }
}

impl React<Made> for WelcomeMail {
    async fn react(&self, _: &Recorded<Made>) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
