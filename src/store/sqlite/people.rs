//! [`People`] on SQLite.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::writer::Command;
use super::{SqliteStore, StoreError, rows};
use crate::store::people::{
    Account, AccountChange, AuditQuery, AuditRow, Login, NewAuditRow, NewLogin, People, Role, TokenHash, What,
};

#[async_trait]
impl People for SqliteStore {
    async fn has_accounts(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM account)").fetch_one(&self.readers).await?)
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let found = sqlx::query("SELECT * FROM account ORDER BY name").fetch_all(&self.readers).await?;
        found.iter().map(account).collect()
    }

    async fn credentials(&self, name: &str) -> Result<Option<(Role, String)>, StoreError> {
        let sql = "SELECT name, role, password FROM account WHERE name = ? AND disabled = 0";
        let found = sqlx::query(sql).bind(name).fetch_optional(&self.readers).await?;
        found.map(|row| Ok((role(&row)?, row.try_get("password")?))).transpose()
    }

    async fn change_account(&self, name: &str, change: AccountChange, by: &str, at: i64) -> Result<(), StoreError> {
        self.writer.write(ChangeAccount { name: name.to_owned(), change, by: by.to_owned(), at_unix_ms: at }).await
    }

    async fn log_in(&self, login: NewLogin) -> Result<bool, StoreError> {
        self.writer.write(LogIn(login)).await
    }

    async fn login(&self, token_sha256: &TokenHash) -> Result<Option<Login>, StoreError> {
        let found = sqlx::query(
            "SELECT name, role, began_unix_ms, seen_unix_ms FROM login JOIN account ON name = account
             WHERE token_sha256 = ? AND disabled = 0",
        )
        .bind(token_sha256.as_slice())
        .fetch_optional(&self.readers)
        .await?;
        let login = |row: SqliteRow| {
            Ok(Login {
                account: row.try_get("name")?,
                role: role(&row)?,
                began_unix_ms: row.try_get("began_unix_ms")?,
                seen_unix_ms: row.try_get("seen_unix_ms")?,
            })
        };
        found.map(login).transpose()
    }

    async fn seen(&self, token_sha256: &TokenHash, at_unix_ms: i64) -> Result<(), StoreError> {
        self.writer.write(Seen { token_sha256: *token_sha256, at_unix_ms }).await
    }

    async fn log_out(&self, token_sha256: &TokenHash) -> Result<(), StoreError> {
        self.writer.write(LogOut(*token_sha256)).await
    }

    async fn add_audit(&self, row: NewAuditRow, quiet_ms: i64) -> Result<(), StoreError> {
        // Looked at beside the writer first: most of what is asked again and again is there already.
        if quiet_ms > 0
            && sqlx::query_scalar(SAID_BEFORE)
                .bind(&row.who)
                .bind(row.what.as_str())
                .bind(row.call.map(|call| call.to_string()))
                .bind(row.at_unix_ms.saturating_sub(quiet_ms))
                .fetch_one(&self.readers)
                .await?
        {
            return Ok(());
        }
        self.writer.write(Audit { row, quiet_ms }).await
    }

    async fn audit(&self, asked: &AuditQuery, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let found = sqlx::query(
            "SELECT * FROM audit WHERE id > ?1 AND at_unix_ms >= COALESCE(?2, at_unix_ms)
             AND (?3 IS NULL OR at_unix_ms < ?3) AND who = COALESCE(?4, who) AND (?5 IS NULL OR call = ?5)
             ORDER BY id LIMIT ?6",
        )
        .bind(after)
        .bind(asked.since_unix_ms)
        .bind(asked.until_unix_ms)
        .bind(&asked.who)
        .bind(asked.call.map(|call| call.to_string()))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        found.iter().map(audit_row).collect()
    }
}

const SAID_BEFORE: &str =
    "SELECT EXISTS (SELECT 1 FROM audit WHERE who = ? AND what = ? AND call IS ? AND at_unix_ms > ?)";

struct ChangeAccount {
    name: String,
    change: AccountChange,
    by: String,
    at_unix_ms: i64,
}

impl Command for ChangeAccount {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let Self { name, change, by, at_unix_ms } = self;
        let set = |sql: &'static str| sqlx::query(sql).bind(name);
        let (change, said) = match change {
            AccountChange::Add { role, password } => {
                let add = "INSERT INTO account (name, role, password, created_unix_ms) VALUES (?, ?, ?, ?)
                           ON CONFLICT (name) DO NOTHING";
                let added = set(add).bind(role.as_str()).bind(password).bind(at_unix_ms).execute(&mut *conn).await?;
                if added.rows_affected() == 0 {
                    return Err(StoreError::Exists { what: "account", id: name.clone() });
                }
                return add_row(conn, &self.row(format!("added {name} as {role}"), by)).await;
            }
            AccountChange::Role(role) => {
                (set("UPDATE account SET role = ?2 WHERE name = ?1").bind(role.as_str()), format!("{name} is {role}"))
            }
            AccountChange::Password(hash) => {
                (set("UPDATE account SET password = ?2 WHERE name = ?1").bind(hash), format!("new password for {name}"))
            }
            AccountChange::Disable => {
                (set("UPDATE account SET disabled = 1 WHERE name = ?1"), format!("disabled {name}"))
            }
            AccountChange::Enable => {
                (set("UPDATE account SET disabled = 0 WHERE name = ?1"), format!("enabled {name}"))
            }
            AccountChange::Remove => (set("DELETE FROM account WHERE name = ?1"), format!("removed {name}")),
        };
        if change.execute(&mut *conn).await?.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "account", id: name.clone() });
        }
        set("DELETE FROM login WHERE account = ?").execute(&mut *conn).await?;
        add_row(conn, &self.row(said, by)).await
    }
}

impl ChangeAccount {
    fn row(&self, said: String, by: &str) -> NewAuditRow {
        let (at_unix_ms, who) = (self.at_unix_ms, by.to_owned());
        NewAuditRow { at_unix_ms, who, what: What::UserChanged, call: None, detail: Some(said) }
    }
}

struct LogIn(NewLogin);

impl Command for LogIn {
    type Answer = bool;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<bool, StoreError> {
        let NewLogin { token_sha256, account, password, at_unix_ms, over_before: (began, seen), most, from } = &self.0;
        let known =
            sqlx::query("UPDATE account SET last_login_unix_ms = ? WHERE name = ? AND password = ? AND disabled = 0")
                .bind(at_unix_ms)
                .bind(account)
                .bind(password)
                .execute(&mut *conn)
                .await?;
        if known.rows_affected() == 0 {
            return Ok(false);
        }
        let over = "DELETE FROM login WHERE began_unix_ms < ? OR seen_unix_ms < ?";
        sqlx::query(over).bind(began).bind(seen).execute(&mut *conn).await?;
        sqlx::query(
            "DELETE FROM login WHERE token_sha256 IN
             (SELECT token_sha256 FROM login WHERE account = ? ORDER BY seen_unix_ms DESC LIMIT -1 OFFSET ?)",
        )
        .bind(account)
        .bind(most.saturating_sub(1))
        .execute(&mut *conn)
        .await?;
        sqlx::query("INSERT INTO login (token_sha256, account, began_unix_ms, seen_unix_ms) VALUES (?1, ?2, ?3, ?3)")
            .bind(token_sha256.as_slice())
            .bind(account)
            .bind(at_unix_ms)
            .execute(&mut *conn)
            .await?;
        let (at_unix_ms, who, detail) = (*at_unix_ms, account.clone(), Some(format!("from {from}")));
        add_row(conn, &NewAuditRow { at_unix_ms, who, what: What::Login, call: None, detail }).await?;
        Ok(true)
    }
}

struct Seen {
    token_sha256: TokenHash,
    at_unix_ms: i64,
}

impl Command for Seen {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let sql = "UPDATE login SET seen_unix_ms = MAX(seen_unix_ms, ?) WHERE token_sha256 = ?";
        sqlx::query(sql).bind(self.at_unix_ms).bind(self.token_sha256.as_slice()).execute(conn).await?;
        Ok(())
    }
}

struct LogOut(TokenHash);

impl Command for LogOut {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM login WHERE token_sha256 = ?").bind(self.0.as_slice()).execute(conn).await?;
        Ok(())
    }
}

struct Audit {
    row: NewAuditRow,
    quiet_ms: i64,
}

impl Command for Audit {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let Self { row, quiet_ms } = self;
        let before: bool = sqlx::query_scalar(SAID_BEFORE)
            .bind(&row.who)
            .bind(row.what.as_str())
            .bind(row.call.map(|call| call.to_string()))
            .bind(row.at_unix_ms.saturating_sub(*quiet_ms))
            .fetch_one(&mut *conn)
            .await?;
        if *quiet_ms > 0 && before { Ok(()) } else { add_row(conn, row).await }
    }
}

async fn add_row(conn: &mut SqliteConnection, row: &NewAuditRow) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO audit (at_unix_ms, who, what, call, detail) VALUES (?, ?, ?, ?, ?)")
        .bind(row.at_unix_ms)
        .bind(&row.who)
        .bind(row.what.as_str())
        .bind(row.call.map(|call| call.to_string()))
        .bind(&row.detail)
        .execute(conn)
        .await?;
    Ok(())
}

fn account(row: &SqliteRow) -> Result<Account, StoreError> {
    Ok(Account {
        name: row.try_get("name")?,
        role: role(row)?,
        disabled: row.try_get("disabled")?,
        created_unix_ms: row.try_get("created_unix_ms")?,
        last_login_unix_ms: row.try_get("last_login_unix_ms")?,
    })
}

fn role(row: &SqliteRow) -> Result<Role, StoreError> {
    let text: &str = row.try_get("role")?;
    text.parse().map_err(|reason| damaged("account", row.try_get("name").unwrap_or_default(), reason))
}

fn audit_row(row: &SqliteRow) -> Result<AuditRow, StoreError> {
    let id: i64 = row.try_get("id")?;
    let (what, call): (&str, Option<&str>) = (row.try_get("what")?, row.try_get("call")?);
    let wrong = |reason: String| damaged("audit row", id.to_string(), reason);
    let what = What::ALL.into_iter().find(|known| known.as_str() == what);
    Ok(AuditRow {
        id,
        row: NewAuditRow {
            at_unix_ms: row.try_get("at_unix_ms")?,
            who: row.try_get("who")?,
            what: what.ok_or_else(|| wrong("what: unknown".into()))?,
            call: call.map(str::parse).transpose().map_err(|_| wrong("call: no id".into()))?,
            detail: row.try_get("detail")?,
        },
    })
}

fn damaged(what: &'static str, id: String, reason: String) -> StoreError {
    let error = StoreError::Damaged { what, id, reason };
    rows::report_damage(&error);
    error
}
