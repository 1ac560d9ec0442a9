//! Values without parts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32,
    AtomicU64, AtomicUsize,
};

use crate::shape::{Shape, Type, Types};

macro_rules! plain {
    ($($word:literal: $($ty:ty),+;)*) => {$($(
        impl Shape for $ty {
            fn shape(_: &mut Types) -> Type {
                Type::plain($word)
            }
        }
    )+)*};
}

plain! {
    "bool": bool, AtomicBool;
    "char": char;
    "string": str, String;
    "null": ();
    "f32": f32;
    "f64": f64;
    "i8": i8, AtomicI8;
    "i16": i16, AtomicI16;
    "i32": i32, AtomicI32;
    "i64": i64, AtomicI64;
    "i128": i128;
    "isize": isize, AtomicIsize;
    "u8": u8, AtomicU8;
    "u16": u16, AtomicU16;
    "u32": u32, AtomicU32;
    "u64": u64, AtomicU64;
    "u128": u128;
    "usize": usize, AtomicUsize;
    "i8:nonzero": NonZero<i8>;
    "i16:nonzero": NonZero<i16>;
    "i32:nonzero": NonZero<i32>;
    "i64:nonzero": NonZero<i64>;
    "i128:nonzero": NonZero<i128>;
    "isize:nonzero": NonZero<isize>;
    "u8:nonzero": NonZero<u8>;
    "u16:nonzero": NonZero<u16>;
    "u32:nonzero": NonZero<u32>;
    "u64:nonzero": NonZero<u64>;
    "u128:nonzero": NonZero<u128>;
    "usize:nonzero": NonZero<usize>;
    "string:ip": IpAddr;
    "string:ipv4": Ipv4Addr;
    "string:ipv6": Ipv6Addr;
    "string:socket-address": SocketAddr, SocketAddrV4;
    "string:socket-address-v6": SocketAddrV6;
    "string:path": Path, PathBuf;
}
