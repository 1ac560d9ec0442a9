use es_core::{BoxError, React, Recorded, event};

#[event(name = "account.opened")]
pub struct Opened;

pub struct WelcomeMail;

impl React<Opened> for WelcomeMail {
    async fn react(&self, _: &Recorded<Opened>) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
