//! Live: the hub's bytes to viewers, over WebSocket and plain HTTP. The contract; bodies stand beside it.

pub mod flow;
pub mod http;
pub mod hub;
pub mod viewer;

use hub::Hub;
use sightline_shared::camera::{Camera, Rendition};
use sightline_shared::wire::Playing;
use std::sync::Arc;
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
    /// What a viewer's player says of itself.
    fn note_playing(&self, playing: Playing);
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
