//! The server as a whole: open the store, listen, serve, stop.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::limits::BACKLOG;
use super::serve::serve;
use super::state::AppState;
use crate::running::{RunningServer, SERVER_FILE};
use crate::settings::{ADMIN_KEY_VARIABLE, Settings};
use crate::store::{Directory, Store, StoreError, hex, holds_store};

/// Bytes of the start token, before they are written as hex digits.
const TOKEN_BYTES: usize = 32;
/// How long work off the request threads may still take once the store is closed.
const RUNTIME_PATIENCE: Duration = Duration::from_secs(5);

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not an address with a port.
    #[error("cannot listen on {listen:?}; mend: name an address and a free port, such as 127.0.0.1:8016")]
    Listen {
        /// What was asked for.
        listen: String,
        /// What the system says.
        source: io::Error,
    },
    /// Open to others, and nobody would have to show a key.
    #[error(
        "{address} can be reached from other machines, and no key is in force; mend: make one with `experiment key create`, set {ADMIN_KEY_VARIABLE}, or listen on 127.0.0.1"
    )]
    NotLoopback {
        /// What was asked for.
        address: SocketAddr,
    },
    /// `server.json` can't be written.
    #[error("cannot write {path:?}; mend: make the folder writable")]
    ServerFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no threads or no random bytes.
    #[error("cannot start: the system gives no threads, signals or random bytes")]
    System(#[source] io::Error),
}

/// Why a server did not stop cleanly. What was acknowledged is on disk all the same.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StopError {
    /// The store could not be closed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system could not be asked for signals.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

/// A server that runs in this process, on threads of its own. Stop it with [`Server::stop`]; one that is
/// merely dropped cuts off the requests in progress.
pub struct Server {
    runtime: Runtime,
    store: Arc<Store>,
    running: RunningServer,
    settings: Settings,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<bool>>,
    signals: Option<Signals>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("running", &self.running).finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the store and serves it. Returns as soon as requests are answered, which may be before the
    /// store is ready; `/readyz` tells.
    ///
    /// # Errors
    /// [`StartError`]: the folder is in use or damaged, the address is taken, or it can be reached from
    /// other machines and no key is in force.
    pub fn start(settings: Settings) -> Result<Server, StartError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(settings.threads.max(1))
            .thread_name("experiment-http")
            .enable_all()
            .build()
            .map_err(StartError::System)?;
        let signals = settings.catch_signals.then(|| catch_signals(&runtime)).transpose();
        let signals = signals.map_err(StartError::System)?;
        // A folder in use is the likelier mistake than a port in use, and says more.
        let addresses = runtime.block_on(resolve(&settings))?;
        let needs_key = addresses.iter().find(|address| !address.ip().is_loopback()).copied();
        let needs_key = needs_key.filter(|_| settings.admin_key.is_none());
        let no_key = |address| StartError::NotLoopback { address };
        if let Some(address) = needs_key.filter(|_| !holds_store(&settings.data)) {
            // Nothing is made for what can't be served.
            return Err(no_key(address));
        }
        let disk = Arc::new(Directory::make(&settings.data)?.with_reserve(settings.disk_reserve));
        let store = Arc::new(Store::open_on(disk, Arc::clone(&settings.clock), settings.pace)?);
        if let Some(address) = needs_key.filter(|_| !store.api_keys().any_active((settings.clock)())) {
            return Err(no_key(address));
        }
        let listen_error = |source| StartError::Listen { listen: settings.listen.clone(), source };
        // Sockets belong to the runtime in which they are made.
        let listener = runtime.block_on(async { listen(&addresses) }).map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let start_token = random_token().map_err(StartError::System)?;
        let running = RunningServer {
            url: format!("http://{address}"),
            pid: std::process::id(),
            start_token: start_token.clone(),
        };
        // Only the holder of the store comes this far, so nobody else's file is overwritten.
        match running.write(&settings.data) {
            // Assigning goes on; only commands do not find the server.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                tracing::error!(%error, "cannot write {SERVER_FILE}: commands do not find this server");
            }
            written => written
                .map_err(|source| StartError::ServerFile { path: settings.data.join(SERVER_FILE), source })?,
        }
        let state = AppState::new(Arc::clone(&store), settings.clone(), start_token)
            .map_err(|error| StartError::System(io::Error::other(error)))?;
        let (stop, stopped) = oneshot::channel();
        let serving = runtime.spawn(serve(listener, state, stopped));
        tracing::info!(url = running.url, pid = running.pid, "listening");
        Ok(Server { runtime, store, running, settings, stop: Some(stop), serving: Some(serving), signals })
    }

    /// Where it answers, such as `http://127.0.0.1:8016`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.running.url
    }

    /// What it says about itself, start token included.
    #[must_use]
    pub fn running(&self) -> &RunningServer {
        &self.running
    }

    /// Whether callers need a key.
    #[must_use]
    pub fn needs_key(&self) -> bool {
        self.settings.admin_key.is_some() || !self.store.api_keys().is_empty()
    }

    /// The store behind it.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Serves until SIGTERM or SIGINT comes, then stops.
    ///
    /// # Errors
    /// As [`Server::stop`], or the system could not be asked for signals.
    pub fn wait(mut self) -> Result<(), StopError> {
        let mut signals = match self.signals.take() {
            Some(signals) => signals,
            None => catch_signals(&self.runtime).map_err(StopError::Signals)?,
        };
        let signal = self.runtime.block_on(signals.next());
        tracing::info!(signal, "stopping: no new connections, requests in progress end");
        self.stop()
    }

    /// Takes no new connections, lets requests in progress end within their time, answers what waits for
    /// the writer, and closes the store. The folder is free again afterwards.
    ///
    /// # Errors
    /// [`StopError::Store`]: the state could not be written; the log is safe even then.
    pub fn stop(mut self) -> Result<(), StopError> {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            let drained = self.runtime.block_on(serving).unwrap_or(false);
            if !drained {
                let seconds = self.settings.timeouts.drain.as_secs_f64();
                tracing::warn!(seconds, "requests were cut off that did not end in time");
            }
        }
        let closed = self.store.shutdown();
        if let Err(error) = self.running.remove(&self.settings.data) {
            tracing::warn!(%error, "cannot remove {SERVER_FILE}");
        }
        // Waits for what still holds the store, so that another process can open the folder.
        self.runtime.shutdown_timeout(RUNTIME_PATIENCE);
        tracing::info!("stopped");
        Ok(closed?)
    }
}

/// The addresses to listen on, of which the first that is free is taken.
async fn resolve(settings: &Settings) -> Result<Vec<SocketAddr>, StartError> {
    let found = tokio::net::lookup_host(settings.listen.as_str()).await;
    let found = found.map_err(|source| StartError::Listen { listen: settings.listen.clone(), source })?;
    Ok(found.collect())
}

/// Listens on the first address that is free.
fn listen(addresses: &[SocketAddr]) -> io::Result<TcpListener> {
    let listen = |address: &SocketAddr| {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A server that has just stopped leaves its address in use for a while; on Windows this would mean something else.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(*address)?;
        socket.listen(BACKLOG)
    };
    let mut refused = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    for address in addresses {
        match listen(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn random_token() -> io::Result<String> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex(&bytes))
}

/// From here on the signals no longer end the process by themselves.
fn catch_signals(runtime: &Runtime) -> io::Result<Signals> {
    let _inside = runtime.enter();
    Signals::new()
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals(tokio::signal::windows::ctrl_c()?))
    }

    async fn next(&mut self) -> &'static str {
        self.0.recv().await;
        "Ctrl-C"
    }
}
