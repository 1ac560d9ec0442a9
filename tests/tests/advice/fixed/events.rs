//! Events and their previous versions as messages propose them.

mod steps {
    use es_core::event;
    use std::convert::Infallible;

    #[event(name = "account.opened", version = 1)]
    pub struct OpenedV1;

    #[event(name = "account.opened", version = 2, previous = OpenedV1, write_as = 1)]
    pub struct Opened;

    impl es_core::UpcastFrom<OpenedV1> for Opened {
        type Error = Infallible;
        fn upcast_from(
            previous: OpenedV1,
            context: &es_core::UpcastContext<'_>,
        ) -> Result<Self, Self::Error> {
            let _ = (previous, context);
            Ok(Self)
        }
    }

    impl es_core::model::DowncastTo<OpenedV1> for Opened {
        type Error = Infallible;
        fn downcast_to(&self) -> Result<OpenedV1, Self::Error> {
            Ok(OpenedV1)
        }
    }
}

mod names {
    use es_core::event;

    type Type = Old;

    #[event(name = "account.created")]
    pub struct Old;

    #[event(name = "account.opened", was("account.created"), version = 2, previous = Type)]
    pub struct Opened;

    impl es_core::UpcastFrom<Old> for Opened {
        type Error = std::convert::Infallible;
        fn upcast_from(_: Old, _: &es_core::UpcastContext<'_>) -> Result<Self, Self::Error> {
            Ok(Self)
        }
    }

    #[event(name = "account.moved", was("old.name"), crate = ::my_es_core)]
    pub struct Moved;
}

mod fields {
    use es_core::event;

    type Type = u8;

    #[event(name = "a", version = 3, write_as = 2, removed(in = 2, field: Type))]
    pub struct A {
        #[event(added(in = 2, default = 5))]
        one: u8,
        #[event(added(in = 3, default))]
        two: u8,
        #[event(renamed(in = 2, from = "third"))]
        three: u8,
    }

    #[event(name = "b", version = 5)]
    pub struct B {
        #[event(added(in = 2, default))]
        two: u8,
        #[event(added(in = 3, default = 0))]
        three: u8,
        #[event(added(in = 4, default = 0))]
        four: u8,
        #[event(added(in = 5, default))]
        five: u8,
    }

    #[event(name = "c")]
    pub struct Closed {}

    #[event(name = "d", version = 4, removed(in = 2, note: Type))]
    #[derive(Debug)]
    pub struct D {
        #[event(added(in = 4, default = 0))]
        one: u8,
        #[event(added(in = 3, default = 0))]
        note: u8,
    }

    #[event(
        name = "e",
        version = 4,
        removed(in = 2, note: Type),
        removed(in = 4, #[event(added(in = 3, default = 0))] note: Type)
    )]
    pub struct E {}
}
