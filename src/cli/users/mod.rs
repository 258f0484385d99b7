//! `heardline users`: the desk's accounts.

mod typed;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Failure, load_config};
use crate::ops::clock::{Clock, timestamp};
use crate::review::{LOCAL, Role, password};
use crate::store::people::{Account, AccountChange};
use crate::store::{DataDir, People as _, SqliteStore, Store as _, StoreError};

/// Accounts of the desk. Works while the gateway runs and while it does not; what changes counts at the next click. Without
/// any account the desk is open to whoever sits at its machine, and to nobody else.
#[derive(Args)]
pub(super) struct Users {
    #[command(subcommand)]
    command: Command,
    /// Configuration file; without it heardline.toml in this folder, else the defaults
    #[arg(long, global = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Make an account; its password is typed unseen, or read from standard input
    Add {
        name: String,
        /// agent (hears, corrects, decides), supervisor (takes drafts over, too), administrator (everything, erasing
        /// included), auditor (reads the audit, and calls without names and numbers; changes nothing)
        #[arg(long, default_value = "agent")]
        role: Role,
    },
    /// All accounts
    List,
    /// Give an account another role; it must log in again
    Role { name: String, role: Role },
    /// Give an account another password, typed unseen or read from standard input; it must log in again
    Password { name: String },
    /// Log an account out everywhere and let it in no more; its name stays in what it did
    Disable { name: String },
    /// Let a disabled account in again
    Enable { name: String },
    /// Remove an account; its name stays in what it did
    Remove { name: String },
}

impl Users {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let folder = load_config(self.config.as_deref())?.data.dir;
        if !folder.exists() && !matches!(self.command, Command::Add { .. }) {
            return Err(Failure::new(format!("{}: no such data folder; name its --config", folder.display())));
        }
        // What is typed is asked for first: nothing is held open while a person thinks.
        let wanted = self.command.wanted()?;
        let store = match DataDir::open(&folder) {
            Ok(data) => SqliteStore::open(&data).await,
            Err(StoreError::InUse { .. }) => SqliteStore::beside(&folder).await,
            Err(error) => Err(error),
        };
        let store = store.map_err(Failure::new)?;
        let done = carry_out(&store, wanted).await;
        store.close().await;
        println!("{}", done.map_err(failure)?);
        Ok(())
    }
}

impl Command {
    /// What to change of whom. `None`: nothing, the list is asked for.
    fn wanted(self) -> Result<Option<(String, AccountChange)>, Failure> {
        let (typed, change) = match self {
            Self::List => return Ok(None),
            Self::Add { name, role } => {
                let password = new_password(&name)?;
                (name, AccountChange::Add { role, password })
            }
            Self::Password { name } => {
                let password = new_password(&name)?;
                (name, AccountChange::Password(password))
            }
            Self::Role { name, role } => (name, AccountChange::Role(role)),
            Self::Disable { name } => (name, AccountChange::Disable),
            Self::Enable { name } => (name, AccountChange::Enable),
            Self::Remove { name } => (name, AccountChange::Remove),
        };
        Ok(Some((account_name(&typed)?, change)))
    }
}

fn account_name(typed: &str) -> Result<String, Failure> {
    password::account_name(typed).map_err(|error| Failure::new(format!("{typed:?}: {error}")))
}

fn new_password(name: &str) -> Result<String, Failure> {
    let name = account_name(name)?;
    let typed = typed::new_password(&name).map_err(Failure::new)?;
    password::hash(&name, &typed).map_err(Failure::new)
}

/// What to tell the operator.
async fn carry_out(store: &SqliteStore, wanted: Option<(String, AccountChange)>) -> Result<String, StoreError> {
    let Some((name, change)) = wanted else { return Ok(table(&store.accounts().await?)) };
    let told = said(&name, &change);
    store.change_account(&name, change, LOCAL, Clock::system().unix_ms()).await?;
    if store.has_accounts().await? {
        return Ok(told);
    }
    Ok(format!(
        "{told}\nthat was the last account: a desk on loopback is open to whoever sits at its machine, another is shut"
    ))
}

fn said(name: &str, change: &AccountChange) -> String {
    match change {
        AccountChange::Add { role, .. } => format!("{name} may log in as {role}"),
        AccountChange::Role(role) => format!("{name} is {role} from now on, and must log in again"),
        AccountChange::Password(_) => format!("{name} has a new password, and must log in again"),
        AccountChange::Disable => format!("{name} is logged out and may not log in"),
        AccountChange::Enable => format!("{name} may log in again"),
        AccountChange::Remove => format!("{name} is removed"),
    }
}

/// With what to do about it.
fn failure(error: StoreError) -> Failure {
    match error {
        StoreError::Exists { id, .. } => Failure::new(format!(
            "there is an account {id} already; heardline users password {id} gives it another password"
        )),
        StoreError::NotFound { id, .. } => {
            Failure::new(format!("there is no account {id}; heardline users list shows all"))
        }
        other => Failure::new(other),
    }
}

fn table(accounts: &[Account]) -> String {
    if accounts.is_empty() {
        return "no accounts: the desk is open to whoever sits at its machine; heardline users add NAME".into();
    }
    let width = accounts.iter().map(|account| account.name.chars().count()).max().unwrap_or(0).max(4);
    let line = |name: &str, role: &str, state: &str, last: &str| format!("{name:width$}  {role:13}  {state:8}  {last}");
    let row = |account: &Account| {
        let state = if account.disabled { "disabled" } else { "may" };
        let last = account.last_login_unix_ms.map_or_else(|| "never".into(), |at| timestamp(at).to_string());
        line(&account.name, account.role.as_str(), state, &last)
    };
    let head = line("name", "role", "login", "last login");
    std::iter::once(head).chain(accounts.iter().map(row)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_says_who_may_log_in_and_when_they_last_did() {
        let account = |name: &str, disabled, last_login_unix_ms| Account {
            name: name.into(),
            role: Role::Agent,
            disabled,
            created_unix_ms: 0,
            last_login_unix_ms,
        };
        let shown = table(&[account("li.na", false, Some(0)), account("wang", true, None)]);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1], "li.na  agent          may       1970-01-01T00:00:00Z");
        assert_eq!(lines[2], "wang   agent          disabled  never");
        assert!(table(&[]).contains("users add"));
    }
}
