//! What a crate around es-core offers its users, who need not depend on es-core or serde.

/// An event that somebody signed, in its third version.
#[macro_export]
macro_rules! signed {
    ($vis:vis $event:ident = $name:literal, in $state:ident = $category:literal, by $id:ident) => {
        #[$crate::es::event(
            name = $name,
            version = 3,
            write_as = 2,
            removed(in = 2, place: String),
            crate = $crate::es
        )]
        #[derive(Debug, Default)]
        #[serde(default)]
        $vis struct $event {
            $vis by: $crate::Signature,
            #[event(added(in = 2, default = 7))]
            $vis pages: u32,
            #[event(added(in = 3, default = 3))]
            #[serde(with = "as_text")]
            #[shape("string")]
            $vis lines: u32,
        }

        #[derive(Debug, Clone, PartialEq, $crate::es::StreamKey)]
        #[stream_key(crate = $crate::es)]
        $vis struct $id($vis u64);

        #[derive(Debug, Default, PartialEq, $crate::es::Aggregate)]
        #[aggregate(
            name = $category,
            id = $id,
            events($event, $crate::Blocked),
            event_enum(derive(Debug)),
            crate = $crate::es
        )]
        $vis struct $state {
            $vis pages: u32,
        }

        impl $crate::es::Apply<$event> for $state {
            fn apply(&mut self, event: $event) {
                self.pages += event.pages;
            }
        }

        impl $crate::es::Apply<$crate::Blocked> for $state {
            fn apply(&mut self, _: $crate::Blocked) {
                self.pages = 0;
            }
        }

        #[derive($crate::es::projection::Projection)]
        #[projection(
            name = "pages",
            events($event, $crate::Blocked),
            model = u32,
            error = std::convert::Infallible,
            batch,
            crate = $crate::es
        )]
        $vis struct Pages;

        impl $crate::es::projection::ProjectBatch for Pages {
            async fn project_batch(&self, events: &[Self::Event], model: &mut u32) -> Result<(), Self::Error> {
                for event in events {
                    if let PagesEvent::$event(event) = event {
                        *model += event.event.pages;
                    }
                }
                Ok(())
            }
        }
    };
}

/// An event of which an older version is a struct of the facade.
#[macro_export]
macro_rules! follows_issued {
    ($event:ident) => {
        #[$crate::es::event(name = "card.issued", version = 3, previous = $crate::Issued, crate = $crate::es)]
        struct $event {
            holder: String,
        }

        impl $crate::es::UpcastFrom<$crate::Issued> for $event {
            type Error = std::convert::Infallible;

            fn upcast_from(
                old: $crate::Issued,
                _: &$crate::es::UpcastContext<'_>,
            ) -> Result<Self, Self::Error> {
                Ok(Self { holder: old.holder })
            }
        }
    };
}
