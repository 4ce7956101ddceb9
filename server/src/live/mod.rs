//! Live: the hub's bytes to viewers, over WebSocket and plain HTTP. The contract; bodies stand beside it.

pub mod flow;
pub mod http;
pub mod hub;
pub mod viewer;

use crate::pipeline::counters::StageCounters;
use hub::Hub;
use sightline_shared::camera::{Camera, Rendition};
use sightline_shared::wire::Playing;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What a viewer is given of a camera.
pub trait Feed: Send + Sync {
    /// The camera as the API tells it.
    fn describe(&self) -> Camera;
    /// Tells of every change in [`Self::describe`].
    fn changes(&self) -> watch::Receiver<u64>;
    /// Renditions that can be asked for; the first is what `auto` means.
    fn renditions(&self) -> Vec<Rendition>;
    /// The hub of a rendition that there is.
    fn hub(&self, rendition: Rendition) -> Option<Arc<Hub>>;
    /// Asks for a rendition for as long as the lease is held; `None` where there is none of that name.
    fn lease(&self, rendition: Rendition) -> Option<Lease>;
    /// The last stage, counted over all viewers.
    fn sending(&self) -> Sending;
    /// What a viewer's player says of itself.
    fn note_playing(&self, playing: Playing);
}

/// A rendition that is made while this is held. `source` is there anyway.
pub struct Lease {
    hub: Arc<Hub>,
    _hold: Option<Box<dyn Any + Send + Sync>>,
}

impl Lease {
    /// Of a rendition that needs nobody to ask for it.
    #[must_use]
    pub fn free(hub: Arc<Hub>) -> Self {
        Self { hub, _hold: None }
    }

    /// Of one that is asked for until `hold` is dropped.
    #[must_use]
    pub fn held(hub: Arc<Hub>, hold: Box<dyn Any + Send + Sync>) -> Self {
        Self { hub, _hold: Some(hold) }
    }
}

impl std::ops::Deref for Lease {
    type Target = Arc<Hub>;

    fn deref(&self) -> &Arc<Hub> {
        &self.hub
    }
}

/// The stage from a chunk's being published to its being written to a viewer's socket.
#[derive(Clone)]
pub struct Sending {
    /// Chunks of video, by viewer.
    pub counters: Arc<StageCounters>,
    /// A delay of tests.
    pub delay: Duration,
}

/// Bytes that may wait unsent in the kernel for one viewer: about a third of a second at 3 Mb/s. Without this bound Linux
/// takes up to 4 MB (tcp_wmem), ten seconds of video, before anyone here notices that a viewer is slow.
const MAX_UNSENT: u32 = 128 * 1024;

/// Sets what a connection that carries live video needs: no Nagle, little unsent.
///
/// # Errors
/// The operating system refuses an option; the connection works all the same.
pub fn tune(connection: &tokio::net::TcpStream) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(connection).set_tcp_notsent_lowat(MAX_UNSENT)?;
    Ok(())
}
