//! The enum of a process's inputs, and the implementations that make an aggregate a process.

use proc_macro2::TokenStream;
use quote::quote;

use super::attr::Send;
use super::check::Process;
use crate::paths::{respan, span};

/// ```text
/// enum ChaseInput { Submitted(Recorded<Submitted>), … }
/// impl Input<Chase> for ChaseInput { … }
/// impl Process for Chase { … }
/// impl Apply<Stepped> for Chase { … }
/// impl Schedules<Silence> for Chase {}
/// impl Sends<Remind> for Chase { type Target = Application; }
/// ```
pub(super) fn expand(process: &Process<'_>) -> TokenStream {
    let Process { reading, name, event_enum, .. } = process;
    let (es_core, private) = (&reading.es_core, reading.es_core.private());
    let (ident, enum_ident) = (&reading.input.ident, &reading.enum_ident);
    let enumeration = reading.enumeration();
    let check = reading.check();
    let apply = apply(process);
    if !reading.sound {
        // Otherwise the aggregate lacks it, which is not what is wrong.
        return quote!(#enumeration #apply);
    }
    let (inputs, sender) = (format!("{name}.inputs"), format!("{name}.sender"));
    let input = input(process);
    let (on_pending, deliver) = (on_pending(process), deliver(process));
    let marks = marks(process);
    quote! {
        #enumeration
        #input

        #[automatically_derived]
        impl #es_core::process::Process for #ident {
            type Input = #enum_ident;
            const INPUTS: &'static #private::str = #inputs;
            const SENDER: &'static #private::str = #sender;

            fn stepped(__es_event: &#event_enum) -> #private::Option<&#es_core::process::Stepped> {
                match *__es_event {
                    #event_enum::Stepped(ref __es_stepped) => #private::Option::Some(__es_stepped),
                    #[allow(unreachable_patterns)]
                    _ => #private::Option::None,
                }
            }

            #on_pending
            #deliver
        }

        #apply
        #marks
        #check
    }
}

/// The state of the process does not depend on its steps.
fn apply(process: &Process<'_>) -> TokenStream {
    let (es_core, ident) = (&process.reading.es_core, &process.reading.input.ident);
    let (generics, arguments, bounds) = process.reading.input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #generics #es_core::Apply<#es_core::process::Stepped> for #ident #arguments #bounds {
            fn apply(&mut self, _: #es_core::process::Stepped) {}
        }
    }
}

/// What the process does with each input.
fn input(process: &Process<'_>) -> TokenStream {
    let reading = &process.reading;
    let (es_core, private) = (&reading.es_core, reading.es_core.private());
    let (ident, enum_ident) = (&reading.input.ident, &reading.enum_ident);
    let functions = reading.functions();
    let correlate =
        reading.arms(|path| quote!(<#ident as #es_core::process::On<#path>>::correlate(__es_event)));
    let on =
        reading.arms(|path| quote!(<#ident as #es_core::process::On<#path>>::on(__es_process, __es_event)));
    let again = reading
        .arms(|path| quote!(<#ident as #es_core::process::On<#path>>::again(__es_process, __es_event)));
    quote! {
        #[automatically_derived]
        impl #es_core::process::Input<#ident> for #enum_ident {
            #functions

            fn about(&self) -> #es_core::record::Envelope<'_> {
                self.envelope()
            }

            fn correlate(&self) -> #private::Option<<#ident as #es_core::Aggregate>::Id> {
                match *self { #(#correlate)* }
            }

            fn on(&self, __es_process: &#ident) -> #es_core::process::Steps<#ident> {
                match *self { #(#on)* }
            }

            fn again(&self, __es_process: &#ident) -> #es_core::process::Again<#ident> {
                match *self { #(#again)* }
            }
        }
    }
}

/// Which timer a pending one is, and what the process does when it is due.
fn on_pending(process: &Process<'_>) -> TokenStream {
    let es_core = &process.reading.es_core;
    let private = es_core.private();
    let each = process.timers.iter().map(|path| {
        let fire = respan(quote!(__es_due.fire::<#path>(self)), span(path));
        let is = respan(quote!(__es_due.is::<#path>()), span(path));
        quote!(if #is { return #fire; })
    });
    quote! {
        fn on_pending(
            &self,
            __es_due: #es_core::process::DuePending<'_, Self>,
        ) -> #private::Result<#es_core::process::Steps<Self>, #es_core::record::DecodeError> {
            #(#each)*
            __es_due.unknown()
        }
    }
}

/// Which command a stored one is, and which aggregate handles it.
fn deliver(process: &Process<'_>) -> TokenStream {
    let Process { reading, sends, .. } = process;
    let es_core = &reading.es_core;
    let private = es_core.private();
    let each = sends.iter().map(|Send { target, command }| {
        let place = span(command);
        let is = respan(quote!(__es_delivery.is::<#command>()), place);
        // All of it with the command's span, so that a missing `OnRejected` is reported there, once.
        let error = quote!(<#target as #es_core::Handle<#command>>::Error);
        let react = quote! {
            #es_core::process::Rejecting::<Self, #command, #error>::new()
                .react(__es_process, __es_rejected)
        };
        let react = respan(react, place);
        let execute = respan(quote!(__es_delivery.execute::<#command>), place);
        quote!(if #is { return #execute(|__es_process, __es_rejected| #react).await; })
    });
    let targets =
        sends.iter().map(|Send { target, .. }| quote!(#es_core::process::Recipient::of::<#target>()));
    quote! {
        fn recipients() -> #private::Vec<#es_core::process::Recipient> {
            <[_]>::into_vec(#private::Box::new([#(#targets),*]))
        }

        async fn deliver(
            __es_delivery: impl #es_core::process::Deliver<Self>,
        ) -> #private::Result<(), #es_core::process::DeliveryError> {
            #[allow(unused_imports)]
            use #es_core::process::{Deliver as _, Rejectable as _};
            #(#each)*
            __es_delivery.unknown()
        }
    }
}

/// The contents of the lists, as traits.
fn marks(process: &Process<'_>) -> TokenStream {
    let Process { reading, timers, sends, .. } = process;
    let (es_core, ident) = (&reading.es_core, &reading.input.ident);
    let private = es_core.private();
    let timers = timers.iter().map(|path| {
        quote! {
            #[automatically_derived]
            impl #es_core::process::Schedules<#path> for #ident {
                const BY_MACRO: #private::ByMacro = #private::ByMacro;
            }
        }
    });
    let sends = sends.iter().map(|Send { target, command }| {
        let target = respan(quote!(#target), span(command));
        quote! {
            #[automatically_derived]
            impl #es_core::process::Sends<#command> for #ident {
                type Target = #target;
                const BY_MACRO: #private::ByMacro = #private::ByMacro;
            }
        }
    });
    quote!(#(#timers)* #(#sends)*)
}
