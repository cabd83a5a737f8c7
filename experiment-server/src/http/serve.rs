//! Accepts connections until told to stop, then lets requests in progress end.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_io_timeout::TimeoutWriter;

use super::around::around;
use super::head_timer::{HeadTimer, Patience};
use super::limits::{MAX_HEAD_BYTES, MAX_HEADERS};
use super::state::AppState;

/// How long to wait after the system refuses a connection, for want of file handles mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is told (or dropped), then drains. Returns whether every request ended in time.
pub(crate) async fn serve(listener: TcpListener, app: AppState, mut stop: oneshot::Receiver<()>) -> bool {
    let settings = &app.settings;
    let connections = Arc::new(Semaphore::new(settings.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    let accept = async || {
        // Never closed, so a permit always comes.
        let permit = Arc::clone(&connections).acquire_owned().await.ok();
        (permit, listener.accept().await)
    };
    loop {
        let (permit, accepted) = tokio::select! {
            biased;
            _ = &mut stop => break,
            accepted = accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => spawn(stream, &app, &graceful, permit),
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
    app: &AppState,
    graceful: &GracefulShutdown,
    permit: Option<OwnedSemaphorePermit>,
) {
    // Answers are small and whole: waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it began");
        return;
    }
    let mut stream = TimeoutWriter::new(stream);
    let timeouts = app.settings.timeouts;
    stream.set_timeout(Some(timeouts.write));
    let (timer, patience) = (HeadTimer::default(), Patience::of(timeouts.head));
    let served = app.clone();
    let connection = http1::Builder::new()
        .timer(timer.clone())
        .header_read_timeout(timeouts.head)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(
            TokioIo::new(Box::pin(stream)),
            service_fn(move |request| around(served.clone(), request)),
        );
    let connection = graceful.watch(connection);
    let app = app.clone();
    tokio::spawn(async move {
        app.connections.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = timer.run(patience, || app.is_crowded(), pin!(connection)).await {
            tracing::debug!(%error, "a connection ended early");
        }
        app.connections.fetch_sub(1, Ordering::Relaxed);
        drop(permit);
    });
}
