//! Where a command finds the facts: the folder itself, or a server that holds it.

use std::path::Path;

use anyhow::{Context, bail};

use crate::client::Client;
use crate::running::RunningServer;
use crate::settings::ADMIN_KEY_VARIABLE;
use crate::store::{Store, StoreError, holds_store, system_clock};

/// A server to talk to, or a store that this process holds.
pub(super) enum Place {
    /// A running server.
    Live(Client),
    /// The folder, opened.
    Opened(Store),
}

impl Place {
    /// The store in `data`, a new one if need be, or the server that holds it.
    pub(super) fn of_folder(data: &Path) -> anyhow::Result<Place> {
        match Store::open(data, system_clock()) {
            Ok(store) => {
                store.wait_for_blocking(store.log_position())?;
                Ok(Place::Opened(store))
            }
            // The lock tells for sure: what a killed server wrote about itself may name another one by now.
            Err(StoreError::InUse { .. }) => live(data).map(Place::Live),
            Err(error) => Err(error).with_context(|| format!("cannot open {}", data.display())),
        }
    }

    /// As [`Place::of_folder`], for a folder that must be there: a mistyped path must not make a new, empty
    /// store.
    pub(super) fn of_existing_folder(data: &Path) -> anyhow::Result<Place> {
        check_is_store(data)?;
        Place::of_folder(data)
    }

    /// The server at `url`.
    pub(super) fn of_url(url: &str) -> Place {
        Place::Live(Client::new(url, admin_key(), None))
    }
}

/// Whether a folder holds a store.
pub(super) fn check_is_store(data: &Path) -> anyhow::Result<()> {
    if !holds_store(data) {
        bail!(
            "{} holds no store (there is no log.redb); name the folder given to `experiment serve --data`",
            data.display()
        );
    }
    Ok(())
}

/// The server that holds a folder.
pub(super) fn live(data: &Path) -> anyhow::Result<Client> {
    let running = RunningServer::read(data)?.with_context(|| {
        format!("another process holds {}, and no server.json there says which", data.display())
    })?;
    Ok(Client::new(&running.url, admin_key(), Some(running.start_token)))
}

/// The admin key from the environment.
pub(super) fn admin_key() -> Option<String> {
    std::env::var(ADMIN_KEY_VARIABLE).ok().filter(|key| !key.is_empty())
}
