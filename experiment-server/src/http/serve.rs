//! Accepts connections until told to stop, then lets requests in progress end.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::limits::{MAX_HEAD_BYTES, MAX_HEADERS};
use crate::settings::Settings;

/// How long to wait after the system refuses a connection, for want of file handles mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is told (or dropped), then drains. Returns whether every request ended in time.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    settings: Settings,
    mut stop: oneshot::Receiver<()>,
) -> bool {
    let connections =
        std::sync::Arc::new(Semaphore::new(settings.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    let accept = async || {
        // Never closed, so a permit always comes.
        let permit = std::sync::Arc::clone(&connections).acquire_owned().await.ok();
        (permit, listener.accept().await)
    };
    loop {
        let (permit, accepted) = tokio::select! {
            biased;
            _ = &mut stop => break,
            accepted = accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => spawn(stream, router.clone(), &settings, &graceful, permit),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    tokio::time::timeout(settings.timeouts.drain, graceful.shutdown()).await.is_ok()
}

fn spawn(
    stream: TcpStream,
    router: Router,
    settings: &Settings,
    graceful: &GracefulShutdown,
    permit: Option<OwnedSemaphorePermit>,
) {
    // Answers are small and whole: waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it began");
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.timeouts.head)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(permit);
    });
}
