//! Where a command finds the facts: a server that holds the folder, or the folder itself.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::client::Client;
use crate::running::RunningServer;
use crate::settings::ADMIN_KEY_VARIABLE;
use crate::store::{Store, system_clock};

/// A server that answers, or a folder that nobody holds.
pub(super) enum Place {
    /// A running server.
    Live(Client),
    /// A folder to open.
    Closed(PathBuf),
}

impl Place {
    /// The server that holds `data`, or else `data` itself.
    pub(super) fn of_folder(data: &Path) -> Place {
        let running = RunningServer::read(data).ok().flatten();
        let client = running.map(|server| Client::new(&server.url, admin_key(), Some(server.start_token)));
        match client.filter(|client| client.get("/healthz").is_ok()) {
            Some(client) => Place::Live(client),
            None => Place::Closed(data.to_owned()),
        }
    }

    /// The server at `url`.
    pub(super) fn of_url(url: &str) -> Place {
        Place::Live(Client::new(url, admin_key(), None))
    }
}

/// The admin key from the environment.
pub(super) fn admin_key() -> Option<String> {
    std::env::var(ADMIN_KEY_VARIABLE).ok().filter(|key| !key.is_empty())
}

/// Opens a folder that is there; a mistyped path must not make a new, empty store.
pub(super) fn open_existing(data: &Path) -> anyhow::Result<Store> {
    if !data.join("log.redb").is_file() {
        bail!(
            "{} holds no store (there is no log.redb); name the folder given to `experiment serve --data`",
            data.display()
        );
    }
    open(data)
}

/// Opens a folder, a new one if need be.
pub(super) fn open(data: &Path) -> anyhow::Result<Store> {
    let store =
        Store::open(data, system_clock()).with_context(|| format!("cannot open {}", data.display()))?;
    store.wait_for_blocking(store.log_position())?;
    Ok(store)
}
