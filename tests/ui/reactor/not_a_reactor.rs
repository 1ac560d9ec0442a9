use es_core::reactor::React;
use es_core::record::BoxError;
use es_core::{Recorded, event};

#[event(name = "account.opened")]
pub struct Opened;

pub struct WelcomeMail;

impl React<Opened> for WelcomeMail {
    async fn react(&self, _: &Recorded<Opened>) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
