//! The table as Rust imports of a guest.

/// The Rust type of a parameter word in a guest.
#[doc(hidden)]
#[macro_export]
macro_rules! guest_type {
    (in_ptr) => {
        *const u8
    };
    (out_ptr) => {
        *mut u8
    };
    (len) => {
        usize
    };
    (number) => {
        i32
    };
    (handle) => {
        i32
    };
    (count) => {
        usize
    };
    (status) => {
        i32
    };
    (millis) => {
        i64
    };
    (nothing) => {
        ()
    };
}

/// Declares every host function as an import of this crate, for guests.
#[macro_export]
macro_rules! guest_imports {
    ($(
        $(#[doc = $doc:literal])+
        [since $since:literal, needs $needs:ident, cost($base:literal, $units:literal / $bytes:literal)]
        fn $name:ident($($parameter:ident: $word:ident),*) -> $result:ident;
    )*) => {
        #[link(wasm_import_module = "tenzik")]
        unsafe extern "C" {
            $(
                $(#[doc = $doc])+
                pub fn $name($($parameter: $crate::guest_type!($word)),*) -> $crate::guest_type!($result);
            )*
        }
    };
}
