//! Pointers to a store are stores; and a macro by which any store forwards to another one.

use std::sync::Arc;

use super::{AppendIn, CloseStreams, EventStore, ExportStore, FindEvents, ImportStore, ListStreams, ReadAll};

/// Generates the methods of a store trait that forward to another store: all of them, or all except those
/// after `except`.
///
/// For a store that wraps another one and changes its behaviour in a few places. No method falls back to a
/// default of the trait, so the wrapper keeps every optimization of the wrapped store. It supports each of
/// the traits: [`EventStore`](crate::EventStore), [`AppendIn`](crate::store::AppendIn),
/// [`ReadAll`](crate::store::ReadAll), [`ListStreams`](crate::store::ListStreams),
/// [`FindEvents`](crate::store::FindEvents), [`CloseStreams`](crate::store::CloseStreams),
/// [`ExportStore`](crate::store::ExportStore) and [`ImportStore`](crate::store::ImportStore).
///
/// [`submit`](crate::EventStore::submit) also appends, [`load_many`](crate::EventStore::load_many) also
/// loads, and [`follow`](crate::store::ReadAll::follow) also reads: after `except append`, `except load` or
/// `except read_all` they are not forwarded either, and call the wrapper's own method.
///
/// ```
/// use async_trait::async_trait;
/// use es_core::store::{Append, AppendIn, AppendOutcome, ReadAll};
/// use es_core::{EventStore, StoreError};
///
/// struct Logged<S>(S);
///
/// #[async_trait]
/// impl<S: EventStore> EventStore for Logged<S> {
///     es_core::forward_event_store!(EventStore to |this| &this.0, except append);
///
///     async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
///         println!("{} events for {}", append.events.len(), append.stream);
///         self.0.append(append).await
///     }
/// }
///
/// impl<S: ReadAll> ReadAll for Logged<S> {
///     es_core::forward_event_store!(ReadAll to |this| &this.0);
/// }
///
/// impl<Tx: ?Sized + Send, S: AppendIn<Tx>> AppendIn<Tx> for Logged<S> {
///     es_core::forward_event_store!(AppendIn<Tx> to |this| &this.0);
/// }
/// ```
#[macro_export]
macro_rules! forward_event_store {
    (EventStore to |$this:ident| $inner:expr $(, except $($except:ident),+)? $(,)?) => {
        $crate::forward_event_store! { @each EventStore |$this| ($inner) [$($($except)+)?]
            { append async ['a] (append: $crate::store::Append<'a>) -> $crate::store::AppendOutcome }
            { append_all async ['a, 'b] (appends: &'a [$crate::store::Append<'b>])
                -> ::std::vec::Vec<$crate::store::AppendOutcome> }
            { remember async ['a] (decision: $crate::store::Decision<'a>) -> $crate::store::Remembered }
            { load async ['a, 'b] (load: $crate::store::Load<'a>, sink: $crate::store::LoadSink<'b>)
                -> $crate::store::StreamHead }
            { load_many async ['a, 'b]
                (streams: &'a [$crate::StreamId],
                    snapshot: ::core::option::Option<$crate::shape::Fingerprint>,
                    sink: $crate::store::LoadManySink<'b>)
                -> ::std::vec::Vec<::core::result::Result<$crate::store::StreamHead, $crate::StoreError>> }
            { read_stream async ['a, 'b]
                (stream: &'a $crate::StreamId, range: $crate::store::StreamRange,
                    sink: $crate::store::Sink<'b>) -> () }
            { save_snapshot async [] (snapshot: $crate::model::NewSnapshot) -> () }
            { register async ['a] (events: &'a [$crate::store::Registration]) -> () }
            { rename_category async ['a, 'b, 'c] (name: &'a str, was: &'b [&'c str]) -> () }
            { limits () -> $crate::store::Limits }
            { submit async ['a] (append: $crate::store::Append<'a>) -> $crate::store::Submitted }
        }
    };
    (AppendIn<$tx:ty> to |$this:ident| $inner:expr $(, except $($except:ident),+)? $(,)?) => {
        $crate::forward_event_store! { @each AppendIn |$this| ($inner) [$($($except)+)?]
            { append_in async ['a, 'b] (tx: &'a mut $tx, append: $crate::store::Append<'b>)
                -> $crate::store::AppendOutcome }
            { load_in async ['a, 'b, 'c]
                (tx: &'a mut $tx, load: $crate::store::Load<'b>, sink: $crate::store::LoadSink<'c>)
                -> $crate::store::StreamHead }
            { remember_in async ['a, 'b] (tx: &'a mut $tx, decision: $crate::store::Decision<'b>)
                -> $crate::store::Remembered }
        }
    };
    (ReadAll to |$this:ident| $inner:expr $(, except $($except:ident),+)? $(,)?) => {
        $crate::forward_event_store! { @each ReadAll |$this| ($inner) [$($($except)+)?]
            { read_all async ['a, 'b] (query: $crate::store::AllQuery<'a>, sink: $crate::store::Sink<'b>)
                -> $crate::store::AllPage }
            { end async [] () -> $crate::store::Checkpoint }
            { listen () -> $crate::store::Listener }
            { follow async ['a, 'b] (query: $crate::store::AllQuery<'a>, sink: $crate::store::Sink<'b>)
                -> $crate::store::AllPage }
        }
    };
    (ListStreams to |$this:ident| $inner:expr $(,)?) => {
        $crate::forward_event_store! { @each ListStreams |$this| ($inner) []
            { list_streams async ['a] (query: $crate::store::ListQuery<'a>)
                -> ::std::vec::Vec<$crate::store::StreamSummary> }
        }
    };
    (FindEvents to |$this:ident| $inner:expr $(,)?) => {
        $crate::forward_event_store! { @each FindEvents |$this| ($inner) []
            { find async ['a] (what: $crate::store::Find, sink: $crate::store::Sink<'a>) -> () }
        }
    };
    (CloseStreams to |$this:ident| $inner:expr $(,)?) => {
        $crate::forward_event_store! { @each CloseStreams |$this| ($inner) []
            { close_stream async ['a] (stream: &'a $crate::StreamId, expected: $crate::Revision) -> bool }
        }
    };
    (ExportStore to |$this:ident| $inner:expr $(,)?) => {
        $crate::forward_event_store! { @each ExportStore |$this| ($inner) []
            { export_names async [] () -> $crate::store::StoredNames }
            { export_commands async ['a]
                (after: ::core::option::Option<&'a $crate::store::StoredCommand>, limit: usize)
                -> ::std::vec::Vec<$crate::store::StoredCommand> }
            { export_closed async ['a] (after: ::core::option::Option<&'a $crate::StreamId>, limit: usize)
                -> ::std::vec::Vec<$crate::StreamId> }
        }
    };
    (ImportStore to |$this:ident| $inner:expr $(,)?) => {
        $crate::forward_event_store! { @each ImportStore |$this| ($inner) []
            { import_names async ['a] (names: &'a $crate::store::StoredNames) -> () }
            { import_events async ['a, 'b] (events: &'a [$crate::record::RawEvent<'b>]) -> () }
            { import_commands async ['a] (commands: &'a [$crate::store::StoredCommand]) -> () }
            { import_closed async ['a] (streams: &'a [$crate::StreamId]) -> () }
        }
    };
    (@each $trait:ident |$this:ident| $inner:tt $except:tt $({ $method:ident $($of:tt)* })*) => {
        $($crate::forward_event_store! { @unless $method $except {
            $crate::forward_event_store! { @method $trait |$this| $inner $method $($of)* }
        } })*
    };
    // What `async_trait` generates for an `async fn`, without a future around the future.
    (@method $trait:ident |$this:ident| $inner:tt $method:ident async [$($lifetime:lifetime),*]
        ($($argument:ident: $type:ty),*) -> $output:ty) => {
        fn $method<'this, $($lifetime,)* 'async_trait>(
            &'this self, $($argument: $type),*
        ) -> ::core::pin::Pin<::std::boxed::Box<
            dyn ::core::future::Future<Output = ::core::result::Result<$output, $crate::StoreError>>
                + ::core::marker::Send + 'async_trait>>
        where
            'this: 'async_trait,
            $($lifetime: 'async_trait,)*
            Self: 'async_trait,
        {
            let $this = self;
            $crate::store::$trait::$method($inner, $($argument),*)
        }
    };
    (@method $trait:ident |$this:ident| $inner:tt $method:ident () -> $output:ty) => {
        fn $method(&self) -> $output {
            let $this = self;
            $crate::store::$trait::$method($inner)
        }
    };
    (@unless append [append $($rest:ident)*] $code:tt) => {};
    (@unless append_all [append_all $($rest:ident)*] $code:tt) => {};
    (@unless append_in [append_in $($rest:ident)*] $code:tt) => {};
    (@unless follow [follow $($rest:ident)*] $code:tt) => {};
    (@unless follow [read_all $($rest:ident)*] $code:tt) => {};
    (@unless end [end $($rest:ident)*] $code:tt) => {};
    (@unless limits [limits $($rest:ident)*] $code:tt) => {};
    (@unless listen [listen $($rest:ident)*] $code:tt) => {};
    (@unless load [load $($rest:ident)*] $code:tt) => {};
    (@unless load_many [load $($rest:ident)*] $code:tt) => {};
    (@unless load_many [load_many $($rest:ident)*] $code:tt) => {};
    (@unless load_in [load_in $($rest:ident)*] $code:tt) => {};
    (@unless read_all [read_all $($rest:ident)*] $code:tt) => {};
    (@unless read_stream [read_stream $($rest:ident)*] $code:tt) => {};
    (@unless register [register $($rest:ident)*] $code:tt) => {};
    (@unless remember [remember $($rest:ident)*] $code:tt) => {};
    (@unless remember_in [remember_in $($rest:ident)*] $code:tt) => {};
    (@unless rename_category [rename_category $($rest:ident)*] $code:tt) => {};
    (@unless save_snapshot [save_snapshot $($rest:ident)*] $code:tt) => {};
    (@unless submit [append $($rest:ident)*] $code:tt) => {};
    (@unless submit [submit $($rest:ident)*] $code:tt) => {};
    (@unless $method:ident [$other:ident $($rest:ident)*] $code:tt) => {
        $crate::forward_event_store! { @unless $method [$($rest)*] $code }
    };
    (@unless $method:ident [] { $($code:tt)* }) => { $($code)* };
}

macro_rules! behind_pointers {
    ($($pointer:ty),*) => {$(
        impl<S: EventStore + ?Sized> EventStore for $pointer {
            $crate::forward_event_store!(EventStore to |this| &**this);
        }

        impl<Tx: ?Sized + Send, S: AppendIn<Tx> + ?Sized> AppendIn<Tx> for $pointer {
            $crate::forward_event_store!(AppendIn<Tx> to |this| &**this);
        }

        impl<S: ReadAll + ?Sized> ReadAll for $pointer {
            $crate::forward_event_store!(ReadAll to |this| &**this);
        }

        impl<S: ListStreams + ?Sized> ListStreams for $pointer {
            $crate::forward_event_store!(ListStreams to |this| &**this);
        }

        impl<S: FindEvents + ?Sized> FindEvents for $pointer {
            $crate::forward_event_store!(FindEvents to |this| &**this);
        }

        impl<S: CloseStreams + ?Sized> CloseStreams for $pointer {
            $crate::forward_event_store!(CloseStreams to |this| &**this);
        }

        impl<S: ExportStore + ?Sized> ExportStore for $pointer {
            $crate::forward_event_store!(ExportStore to |this| &**this);
        }

        impl<S: ImportStore + ?Sized> ImportStore for $pointer {
            $crate::forward_event_store!(ImportStore to |this| &**this);
        }
    )*};
}

behind_pointers!(Arc<S>, Box<S>, &S);
