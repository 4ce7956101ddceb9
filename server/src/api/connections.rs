//! Connections: taken while there is room, given up when they dawdle over their request's head, ended in order.
//!
//! `axum::serve` has neither a bound on connections nor a time limit on a head that comes a byte a minute, so that a single
//! machine could hold every file descriptor of the program.

use super::trust::Peer;
use crate::live::tune;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

/// Connections at once: every viewer's, and as many again for their pages. Further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 2 * super::MAX_VIEWERS;
/// How long the head of a request may take to come, and how long a connection may stay without one.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// Connections that have not ended this long after the signal are cut.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Out of file descriptors, as a rule: gives some of them time to be closed.
const AFTER_REFUSAL: Duration = Duration::from_millis(200);

/// Serves `routes` until `ended`, then waits a while for the answers that are on their way.
pub(super) async fn serve(listener: TcpListener, routes: Router, ended: impl Future<Output = ()>) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    tokio::pin!(ended);
    loop {
        let place = tokio::select! {
            place = room.clone().acquire_owned() => place,
            () = &mut ended => break,
        };
        let (stream, remote) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut ended => break,
        };
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service(routes.clone(), remote));
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("the connection from {} ended early: {error}", remote.remote);
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(LAST_WORDS, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in {} s and were cut", LAST_WORDS.as_secs());
    }
}

/// The routes, told who is at the other end.
fn service(
    routes: Router,
    peer: Peer,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send,
> {
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().oneshot(request)
    })
}

async fn accept(listener: &TcpListener) -> (TcpStream, Peer) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                if let Err(error) = tune(&stream) {
                    tracing::debug!("a connection could not be tuned: {error}");
                }
                // A connection that is gone already has no local address; it is then taken for foreign.
                let local = stream.local_addr().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
                return (stream, Peer { remote, local });
            }
            Err(error) => {
                tracing::warn!("a connection could not be taken: {error}");
                tokio::time::sleep(AFTER_REFUSAL).await;
            }
        }
    }
}
