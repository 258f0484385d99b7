//! Whether the desk may be as open as it is configured.

use super::{Finding, fail, good, warn};
use crate::config::{Config, Line};
use crate::store::{DataDir, People as _, SqliteStore, Store as _, StoreError};

pub(super) async fn accounts(config: &Config) -> Finding {
    let what = "desk accounts";
    let count = match count(config).await {
        Ok(count) => count,
        Err(error) => return warn(what, format!("cannot be counted: {error}")),
    };
    let first = "heardline users add NAME --role administrator makes the first";
    match (count, config.desk.is_for_others()) {
        (0, true) => fail(what, format!("none, and people beyond this machine would reach the desk: {first}")),
        (0, false) => good(what, format!("none: the desk is open to whoever sits at this machine; {first}")),
        (count, true) => {
            good(what, format!("{count}; people open the desk at {}", config.desk.url(config.desk.listen)))
        }
        (count, false) => good(what, format!("{count}; the desk asks for a login")),
    }
}

/// Which lines' callers an agent can put through, and to where: a wrong number here is found in an emergency.
pub(super) fn transfers(config: &Config) -> Finding {
    let what = "transfers";
    let to = |line: &Line| Some(format!("{} to {}", line.name, line.emergency_transfer.as_ref()?));
    let named: Vec<String> = config.lines.iter().filter_map(to).collect();
    match (named.is_empty(), named.len() == config.lines.len()) {
        (true, _) => good(what, "agents cannot put callers through: no line has an emergency_transfer"),
        (false, true) => good(what, named.join(", ")),
        (false, false) => good(what, format!("{}; the other lines have no emergency_transfer", named.join(", "))),
    }
}

/// Nothing is made or migrated for it: a folder that no gateway has used yet has no accounts.
async fn count(config: &Config) -> Result<usize, StoreError> {
    let folder = &config.data.dir;
    if !DataDir::has_database(folder) {
        return Ok(0);
    }
    let store = SqliteStore::beside(folder).await?;
    let accounts = store.accounts().await;
    store.close().await;
    Ok(accounts?.len())
}
