//! The shape of the functions in the interface's table.

/// Each gives the code of the `Result` that its body ends in.
macro_rules! calls {
    ($(fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block)*) => {$(
        // SAFETY: clients reach it through the table and keep the contract of the interface's documents.
        #[allow(unused_unsafe, clippy::redundant_closure_call)]
        pub(crate) unsafe extern "C" fn $name($($arg: $ty),*) -> u32 {
            // SAFETY: bodies touch the client's structures alone, on the promise above.
            let answer: Result<(), $crate::status::Nv> = unsafe { (move || { $body })() };
            let code = answer.map_or_else(|code| code.0, |()| 0);
            // That a picture waits for others is no mistake.
            if code != 0 && code != $crate::status::Nv::NEED_MORE_INPUT.0 {
                sightline_standin::machine().counters.refused.add(1);
            }
            code
        }
    )*};
}
pub(crate) use calls;
