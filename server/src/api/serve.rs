//! The running server: opens everything, listens, follows the settings file, ends in order.

use super::{App, connections, router};
use crate::detect::model::Options;
use crate::device::{Devices, Switches};
use crate::events::Events;
use crate::models::{OnShelf, Shelf};
use crate::pipeline::batcher::Engines;
use crate::pipeline::cameras::Cameras;
use crate::pipeline::clock::Clock;
use crate::pipeline::inject::Inject;
use crate::record::disk::SystemDisk;
use crate::settings::mask::mask;
use crate::settings::server::{DEFAULT_LISTEN, normal_host};
use crate::store::{Places, Store, StoreError};
use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How often the settings file is looked at.
const RELOAD_EVERY: Duration = Duration::from_secs(1);

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// Address to listen on; else the settings', else 127.0.0.1:8080. Port 0 takes any free one.
    pub listen: Option<SocketAddr>,
    /// Data folder.
    pub data_dir: Option<PathBuf>,
    /// Settings file.
    pub config_path: Option<PathBuf>,
    /// With the demo camera.
    pub demo: bool,
    /// Delays put into stages, for tests.
    pub inject: Inject,
    /// Names under which the dashboard may be opened, beside `[server] allowed_hosts`.
    pub allow_hosts: Vec<String>,
}

/// How long the end waits for what cameras and models hold to be given back.
const CAMERAS_END: Duration = Duration::from_secs(5);

/// Why the server does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Settings or data.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Beyond loopback without a password.
    #[error(
        "Sightline listens on {0}, beyond this machine, only when a password is set. Set one with `sightline password` first, or \
         listen on 127.0.0.1."
    )]
    NoPassword(SocketAddr),
    /// The address cannot be had.
    #[error("Could not listen on {address}: {error}. {}", hint(.error))]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
    /// `--allow-host` is no host.
    #[error("--allow-host {0}: a host is written as a name or an address, such as cameras.lan.")]
    AllowHost(String),
    /// The operating system gives no threads.
    #[error("Could not start: {0}.")]
    Start(std::io::Error),
}

fn hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "Another program has that port: choose another with --listen 127.0.0.1:8081.",
        std::io::ErrorKind::PermissionDenied => "Ports below 1024 need root: choose another with --listen.",
        _ => "Choose another address with --listen.",
    }
}

/// A server that listens. Dropping it without [`Server::run_until`] ends it at once.
pub struct Server {
    app: App,
    listener: TcpListener,
    stop: watch::Sender<bool>,
    _lock: File,
}

/// Opens settings and data, starts the cameras, and listens.
///
/// # Errors
/// See [`ServeError`]; nothing runs then.
pub async fn serve(options: ServeOptions, clock: Arc<dyn Clock>) -> Result<Server, ServeError> {
    let places = Places::find(options.config_path.as_deref(), options.data_dir.as_deref())?;
    let hosts = options.allow_hosts.into_iter();
    let inject = options.inject;
    let allow_hosts: Vec<String> =
        hosts.map(|host| normal_host(&host).ok_or(ServeError::AllowHost(host))).collect::<Result<_, _>>()?;
    places.make()?;
    let lock = places.lock()?;
    let store = Arc::new(Store::open(places, options.demo, clock.clone())?);
    let address = options.listen.or(store.snapshot_server().listen).unwrap_or(DEFAULT_LISTEN);
    let password_set = store.db().password_hash()?.is_some();
    if !address.ip().to_canonical().is_loopback() && !password_set {
        return Err(ServeError::NoPassword(address));
    }
    let bind = |error| ServeError::Bind { address, error };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    let local = listener.local_addr().map_err(bind)?;
    let devices = tokio::task::spawn_blocking(|| Devices::find(&Switches::from_env())).await;
    let devices = devices.unwrap_or_else(|_| Devices::none());
    let events = Events::open(store.clone(), clock.clone(), Arc::new(SystemDisk)).map_err(ServeError::Start)?;
    let shelf = Shelf::new(&store.places().data_dir);
    let options = Options::on(devices.cards().first().map(|card| card.ordinal()), shelf.engines());
    let engines = Engines::new(Arc::new(OnShelf { shelf, options }), clock.clone());
    let cameras = Cameras::with(clock.clone(), inject, devices, engines, events.clone()).map_err(ServeError::Start)?;
    let (stop, stopping) = watch::channel(false);
    let app = App::new(store, cameras, events, clock, local, allow_hosts, stopping).map_err(ServeError::Start)?;
    app.models.offer();
    app.apply();
    if !password_set {
        tracing::info!("no password is set: this machine alone is answered, and everybody on it has all rights");
    }
    Ok(Server { app, listener, stop, _lock: lock })
}

impl Server {
    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.app.listen
    }

    /// `listening on http://ADDRESS`, for standard output; an address of all interfaces is shown as this machine's own.
    #[must_use]
    pub fn announcement(&self) -> String {
        let mut address = self.app.listen;
        if address.ip().is_unspecified() {
            let loopback: std::net::IpAddr =
                if address.is_ipv4() { [127, 0, 0, 1].into() } else { [0_u16, 0, 0, 0, 0, 0, 0, 1].into() };
            address.set_ip(loopback);
        }
        format!("listening on http://{address}")
    }

    /// Serves until `stop` is done, then ends the viewers, stops the cameras and waits for the last answers.
    pub async fn run_until(self, stop: impl Future<Output = ()> + Send) {
        let Self { app, listener, stop: stopping, _lock } = self;
        let mut told = app.stopping.clone();
        let ended = async move {
            // The sender lives until the end of this function.
            let _ = told.wait_for(|stopping| *stopping).await;
        };
        let serving = connections::serve(listener, router(app.clone()), ended);
        let following = tokio::spawn(follow_settings(app.clone()));
        let sampling = tokio::spawn(app.telemetry.clone().run());
        let stopped = async {
            stop.await;
            following.abort();
            sampling.abort();
            stopping.send_replace(true);
            app.cameras.shutdown();
            let ending = app.clone();
            // A clip that is being written ends within a megabyte, and few events wait.
            let end = move || {
                ending.clips.stop();
                ending.events.stop();
                if !ending.cameras.finish(CAMERAS_END) {
                    tracing::warn!("a decoder, an encoder or a model was still at work");
                }
            };
            if tokio::task::spawn_blocking(end).await.is_err() {
                tracing::error!("clips and events did not end in order");
            }
        };
        tokio::join!(serving, stopped);
    }
}

/// Takes over what is changed in the settings file by hand; tells a fault once.
async fn follow_settings(app: App) {
    let mut last_fault = String::new();
    loop {
        tokio::time::sleep(RELOAD_EVERY).await;
        let store = app.store.clone();
        match tokio::task::spawn_blocking(move || store.reload()).await {
            Ok(Ok(true)) => {
                app.apply();
                tracing::info!("the settings file was changed and is in force");
                warn_of_listen(&app);
                last_fault.clear();
            }
            Ok(Ok(false)) => {}
            Ok(Err(error)) => {
                let fault = mask(&error.to_string()).into_owned();
                if fault != last_fault {
                    tracing::error!("{fault}");
                    last_fault = fault;
                }
            }
            // The runtime is ending.
            Err(_) => return,
        }
    }
}

/// The one setting that only a restart changes.
fn warn_of_listen(app: &App) {
    let wanted = app.store.snapshot_server().listen;
    if wanted.is_some_and(|wanted| wanted != app.listen && wanted.port() != 0) {
        tracing::warn!(
            "[server] listen differs from the address in use ({}); it counts from the next start",
            app.listen
        );
    }
}

/// SIGINT and SIGTERM, which no longer kill the program from the moment that this is made.
pub struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    /// Takes the signals over. In a tokio runtime.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn take() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Ends with the first of them.
    pub async fn received(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
