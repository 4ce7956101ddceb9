//! An open session, its context, and how it ends; and sessions that are opened only to ask.

use super::Codec;
use crate::checked::{Nvenc, Session};
use crate::context::lifecycle;
use crate::{Context, Error};

/// A session and the context that it needs to be current.
pub(super) struct Owned {
    context: Context,
    session: Option<Session>,
}

impl Owned {
    /// Ends the session, and no other one at the same time. Whoever calls holds no picture of a decoder's in its hands: the last holder of
    /// one destroys the decoder, which takes the same lock.
    pub(super) fn close(&mut self) {
        if let Some(session) = self.session.take() {
            let _one = lifecycle();
            let _current = self.context.enter();
            drop(session);
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.close();
    }
}

/// Opens a session.
pub(super) fn open(context: &Context) -> Result<Owned, Error> {
    let nvenc = Nvenc::load()?;
    let _one = lifecycle();
    let _current = context.enter()?;
    // SAFETY: the context is current, and the session's owner keeps it.
    let session = unsafe { Session::open(&nvenc, context.handle()) }?;
    Ok(Owned { context: context.clone(), session: Some(session) })
}

/// Uses a session that is open.
pub(super) fn owned<T>(owned: &Owned, work: impl FnOnce(&Session) -> Result<T, Error>) -> Result<T, Error> {
    owned.session.as_ref().map_or_else(|| Err(Error::Invalid("the encode session was closed".into())), work)
}

/// Opens a session only to ask it.
pub(super) fn with_session<T>(context: &Context, ask: impl FnOnce(&Session) -> Result<T, Error>) -> Result<T, Error> {
    let session = open(context)?;
    let _current = context.enter()?;
    owned(&session, ask)
}

/// Newest version of the interface that the driver knows.
pub(crate) fn version() -> Result<(u32, u32), Error> {
    Nvenc::load().map(|nvenc| nvenc.version())
}

/// Codecs that this crate encodes.
pub(crate) const CODECS: [Codec; 3] = [Codec::H264, Codec::Hevc, Codec::Av1];
