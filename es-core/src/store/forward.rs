//! A store behind a pointer is a store; and the macro by which any store forwards to another one.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Append, AppendIn, AppendOutcome, Decision, EventStore, Load, LoadSink, Remembered, StreamHead};
use crate::error::StoreError;

/// Writes the methods of an [`EventStore`](crate::EventStore) that forward to another store: all of them, or
/// all but those after `except`.
///
/// For a store that wraps another one and does something of its own in a few places. Nothing is left to a
/// default of the trait, so the wrapper keeps everything that the wrapped store does better.
///
/// [`submit`](crate::EventStore::submit) is a way to append: after `except append` it is not forwarded
/// either, and goes through the wrapper's own `append`.
///
/// ```
/// use async_trait::async_trait;
/// use es_core::{Append, AppendOutcome, EventStore, StoreError};
///
/// struct Logged<S>(S);
///
/// #[async_trait]
/// impl<S: EventStore> EventStore for Logged<S> {
///     es_core::forward_event_store!(to |this| &this.0, except append);
///
///     async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
///         println!("{} events for {}", append.events.len(), append.stream);
///         self.0.append(append).await
///     }
/// }
/// ```
#[macro_export]
macro_rules! forward_event_store {
    (to |$this:ident| $inner:expr $(, except $($except:ident),+)? $(,)?) => {
        $crate::forward_event_store! { @unless listen [$($($except)+)?] {
            fn listen(&self) -> $crate::Listener {
                let $this = self;
                $crate::EventStore::listen($inner)
            }
        } }
        $crate::forward_event_store! { @unless limits [$($($except)+)?] {
            fn limits(&self) -> $crate::Limits {
                let $this = self;
                $crate::EventStore::limits($inner)
            }
        } }
        $crate::forward_event_store! { @unless append [$($($except)+)?] {
            $crate::forward_event_store! { @method append ['a] |$this| ($inner)
                (append: $crate::Append<'a>) $crate::AppendOutcome }
        } }
        $crate::forward_event_store! { @unless submit [$($($except)+)?] {
            $crate::forward_event_store! { @method submit ['a] |$this| ($inner)
                (append: $crate::Append<'a>) $crate::Submitted }
        } }
        $crate::forward_event_store! { @unless append_all [$($($except)+)?] {
            $crate::forward_event_store! { @method append_all ['a, 'b] |$this| ($inner)
                (appends: &'a [$crate::Append<'b>]) ::std::vec::Vec<$crate::AppendOutcome> }
        } }
        $crate::forward_event_store! { @unless remember [$($($except)+)?] {
            $crate::forward_event_store! { @method remember ['a] |$this| ($inner)
                (decision: $crate::Decision<'a>) $crate::Remembered }
        } }
        $crate::forward_event_store! { @unless load [$($($except)+)?] {
            $crate::forward_event_store! { @method load ['a, 'b] |$this| ($inner)
                (load: $crate::Load<'a>, sink: $crate::LoadSink<'b>) $crate::StreamHead }
        } }
        $crate::forward_event_store! { @unless read_stream [$($($except)+)?] {
            $crate::forward_event_store! { @method read_stream ['a, 'b] |$this| ($inner)
                (stream: &'a $crate::StreamId, range: $crate::StreamRange, sink: $crate::Sink<'b>) () }
        } }
        $crate::forward_event_store! { @unless read_all [$($($except)+)?] {
            $crate::forward_event_store! { @method read_all ['a, 'b] |$this| ($inner)
                (query: $crate::AllQuery<'a>, sink: $crate::Sink<'b>) $crate::AllPage }
        } }
        $crate::forward_event_store! { @unless head [$($($except)+)?] {
            $crate::forward_event_store! { @method head [] |$this| ($inner)
                () $crate::Checkpoint }
        } }
        $crate::forward_event_store! { @unless find [$($($except)+)?] {
            $crate::forward_event_store! { @method find ['a] |$this| ($inner)
                (what: $crate::Find, sink: $crate::Sink<'a>) () }
        } }
        $crate::forward_event_store! { @unless list_streams_with_prefix [$($($except)+)?] {
            $crate::forward_event_store! { @method list_streams_with_prefix ['a, 'b, 'c] |$this| ($inner)
                (category: &'a str, prefix: &'b str, after: ::core::option::Option<&'c str>, limit: usize) ::std::vec::Vec<$crate::StreamSummary> }
        } }
        $crate::forward_event_store! { @unless list_streams [$($($except)+)?] {
            $crate::forward_event_store! { @method list_streams ['a, 'b] |$this| ($inner)
                (category: &'a str, after: ::core::option::Option<&'b str>, limit: usize) ::std::vec::Vec<$crate::StreamSummary> }
        } }
        $crate::forward_event_store! { @unless close_stream [$($($except)+)?] {
            $crate::forward_event_store! { @method close_stream ['a] |$this| ($inner)
                (stream: &'a $crate::StreamId, expected: $crate::Revision) bool }
        } }
        $crate::forward_event_store! { @unless save_snapshot [$($($except)+)?] {
            $crate::forward_event_store! { @method save_snapshot [] |$this| ($inner)
                (snapshot: $crate::NewSnapshot) () }
        } }
        $crate::forward_event_store! { @unless register [$($($except)+)?] {
            $crate::forward_event_store! { @method register ['a] |$this| ($inner)
                (catalogue: &'a $crate::Catalogue) () }
        } }
        $crate::forward_event_store! { @unless rename_category [$($($except)+)?] {
            $crate::forward_event_store! { @method rename_category ['a, 'b, 'c] |$this| ($inner)
                (name: &'a str, was: &'b [&'c str]) () }
        } }
    };
    // What `async_trait` makes of an `async fn`, without a future around the future.
    (@method $method:ident [$($lifetime:lifetime),*] |$this:ident| $inner:tt
        ($($argument:ident: $type:ty),*) $output:ty) => {
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
            $crate::EventStore::$method($inner, $($argument),*)
        }
    };
    (@unless listen [listen $($rest:ident)*] $code:tt) => {};
    (@unless limits [limits $($rest:ident)*] $code:tt) => {};
    (@unless append [append $($rest:ident)*] $code:tt) => {};
    (@unless submit [submit $($rest:ident)*] $code:tt) => {};
    (@unless append_all [append_all $($rest:ident)*] $code:tt) => {};
    (@unless remember [remember $($rest:ident)*] $code:tt) => {};
    (@unless load [load $($rest:ident)*] $code:tt) => {};
    (@unless read_stream [read_stream $($rest:ident)*] $code:tt) => {};
    (@unless read_all [read_all $($rest:ident)*] $code:tt) => {};
    (@unless head [head $($rest:ident)*] $code:tt) => {};
    (@unless find [find $($rest:ident)*] $code:tt) => {};
    (@unless list_streams_with_prefix [list_streams_with_prefix $($rest:ident)*] $code:tt) => {};
    (@unless list_streams [list_streams $($rest:ident)*] $code:tt) => {};
    (@unless close_stream [close_stream $($rest:ident)*] $code:tt) => {};
    (@unless save_snapshot [save_snapshot $($rest:ident)*] $code:tt) => {};
    (@unless register [register $($rest:ident)*] $code:tt) => {};
    (@unless rename_category [rename_category $($rest:ident)*] $code:tt) => {};
    (@unless submit [append $($rest:ident)*] $code:tt) => {};
    (@unless $method:ident [$other:ident $($rest:ident)*] $code:tt) => {
        $crate::forward_event_store! { @unless $method [$($rest)*] $code }
    };
    (@unless $method:ident [] { $($code:tt)* }) => { $($code)* };
}

macro_rules! behind_pointers {
    ($($pointer:ty),*) => {$(
        impl<S: EventStore + ?Sized> EventStore for $pointer {
            $crate::forward_event_store!(to |this| &**this);
        }

        #[async_trait]
        impl<Tx: ?Sized + Send, S: AppendIn<Tx> + ?Sized> AppendIn<Tx> for $pointer {
            async fn append_in(&self, tx: &mut Tx, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
                (**self).append_in(tx, append).await
            }

            async fn load_in(
                &self,
                tx: &mut Tx,
                load: Load<'_>,
                sink: LoadSink<'_>,
            ) -> Result<StreamHead, StoreError> {
                (**self).load_in(tx, load, sink).await
            }

            async fn remember_in(&self, tx: &mut Tx, decision: Decision<'_>) -> Result<Remembered, StoreError> {
                (**self).remember_in(tx, decision).await
            }
        }
    )*};
}

behind_pointers!(Arc<S>, Box<S>, &S);
