use super::*;
use crate::store::StoreError;
use crate::store::people::{Account, AccountChange, AuditQuery, NewAuditRow, NewLogin, People as _, Role, What};
use crate::store::sqlite::open::{MIGRATIONS, open_with};

fn add(role: Role) -> AccountChange {
    AccountChange::Add { role, password: "hash".into() }
}

fn login(token: u8, account: &str, at_unix_ms: i64) -> NewLogin {
    NewLogin {
        token_sha256: [token; 32],
        account: account.into(),
        password: "hash".into(),
        at_unix_ms,
        over_before: (at_unix_ms - 1_000, at_unix_ms - 100),
        most: 3,
        from: "192.0.2.1".into(),
    }
}

fn row(what: What, call: Option<CallId>, at_unix_ms: i64) -> NewAuditRow {
    NewAuditRow { at_unix_ms, who: "li".into(), what, call, detail: None }
}

async fn rows(folder: &Folder) -> Vec<(String, What, Option<String>)> {
    let found = folder.store.audit(&AuditQuery::default(), 0, 100).await.unwrap();
    found.into_iter().map(|found| (found.row.who, found.row.what, found.row.detail)).collect()
}

#[tokio::test]
async fn accounts_are_kept_with_every_change_in_the_audit() {
    let mut folder = Folder::new().await;
    assert!(!folder.store.has_accounts().await.unwrap());
    for (name, change) in [
        ("wang", add(Role::Agent)),
        ("li", add(Role::Auditor)),
        ("li", AccountChange::Role(Role::Supervisor)),
        ("li", AccountChange::Password("another".into())),
        ("wang", AccountChange::Disable),
    ] {
        folder.store.change_account(name, change, "boss", 7).await.unwrap();
    }
    folder.reopen().await;
    let account = |name: &str, role, disabled| Account {
        name: name.into(),
        role,
        disabled,
        created_unix_ms: 7,
        last_login_unix_ms: None,
    };
    let expected = [account("li", Role::Supervisor, false), account("wang", Role::Agent, true)];
    assert_eq!(folder.store.accounts().await.unwrap(), expected);
    let credentials = folder.store.credentials("li").await.unwrap();
    assert_eq!(credentials, Some((Role::Supervisor, "another".into())));
    for nobody in ["wang", "nobody", "LI"] {
        assert_eq!(folder.store.credentials(nobody).await.unwrap(), None, "{nobody}");
    }
    let again = folder.store.change_account("li", add(Role::Agent), "boss", 8).await.unwrap_err();
    assert!(matches!(again, StoreError::Exists { .. }), "{again}");
    let absent = folder.store.change_account("zhao", AccountChange::Remove, "boss", 8).await.unwrap_err();
    assert!(matches!(absent, StoreError::NotFound { .. }), "{absent}");
    folder.store.change_account("wang", AccountChange::Remove, "boss", 9).await.unwrap();
    let said: Vec<String> = rows(&folder)
        .await
        .into_iter()
        .map(|(who, what, detail)| {
            assert_eq!((who.as_str(), what), ("boss", What::UserChanged));
            detail.unwrap()
        })
        .collect();
    let expected = [
        "added wang as agent",
        "added li as auditor",
        "li is supervisor",
        "new password for li",
        "disabled wang",
        "removed wang",
    ];
    assert_eq!(said, expected, "and a change that was refused is none");
}

#[tokio::test]
async fn a_login_lives_as_long_as_its_account_lets_it() {
    let folder = Folder::new().await;
    let store = &folder.store;
    store.change_account("li", add(Role::Agent), "boss", 0).await.unwrap();
    assert!(store.log_in(login(1, "li", 10_000)).await.unwrap());
    store.seen(&[1; 32], 10_050).await.unwrap();
    store.seen(&[1; 32], 10_020).await.unwrap();
    let known = store.login(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(
        (known.account.as_str(), known.role, known.began_unix_ms, known.seen_unix_ms),
        ("li", Role::Agent, 10_000, 10_050)
    );
    assert_eq!(store.login(&[2; 32]).await.unwrap(), None);

    assert!(
        !store.log_in(NewLogin { password: "old hash".into(), ..login(2, "li", 10_060) }).await.unwrap(),
        "changed meanwhile"
    );
    assert!(!store.log_in(login(2, "nobody", 10_060)).await.unwrap());
    store.log_out(&[1; 32]).await.unwrap();
    assert_eq!(store.login(&[1; 32]).await.unwrap(), None);

    for change in [AccountChange::Role(Role::Auditor), AccountChange::Password("hash".into()), AccountChange::Disable] {
        assert!(store.log_in(login(3, "li", 10_070)).await.unwrap(), "{change:?}");
        store.change_account("li", change.clone(), "boss", 0).await.unwrap();
        assert_eq!(store.login(&[3; 32]).await.unwrap(), None, "{change:?}");
    }
    assert!(!store.log_in(login(4, "li", 10_080)).await.unwrap(), "disabled");
    store.change_account("li", AccountChange::Enable, "boss", 0).await.unwrap();
    assert!(store.log_in(login(5, "li", 10_090)).await.unwrap());
    store.change_account("li", AccountChange::Remove, "boss", 0).await.unwrap();
    assert_eq!(store.login(&[5; 32]).await.unwrap(), None);
}

#[tokio::test]
async fn logins_that_are_over_and_those_beyond_the_bound_are_removed() {
    let folder = Folder::new().await;
    let store = &folder.store;
    for name in ["li", "wang"] {
        store.change_account(name, add(Role::Agent), "boss", 0).await.unwrap();
    }
    assert!(store.log_in(login(9, "wang", 10_000)).await.unwrap());
    for (token, at) in [(1, 10_000), (2, 10_010), (3, 10_020)] {
        assert!(store.log_in(login(token, "li", at)).await.unwrap());
    }
    store.seen(&[1; 32], 10_030).await.unwrap();
    assert!(store.log_in(login(4, "li", 10_040)).await.unwrap());
    let mut left = Vec::new();
    for token in [1, 2, 3, 4, 9] {
        left.extend(store.login(&[token; 32]).await.unwrap().map(|_| token));
    }
    assert_eq!(left, [1, 3, 4, 9], "2 was unseen longest, and others' logins do not count");
    assert!(store.log_in(login(5, "li", 10_135)).await.unwrap());
    let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM login").fetch_one(&store.readers).await.unwrap();
    assert_eq!(kept, 2, "those unseen for 100 ms are over, whoever's they are");
}

#[tokio::test]
async fn the_audit_is_only_ever_added_to() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    folder.store.add_audit(row(What::View, Some(call), 5), 0).await.unwrap();
    let (mut writer, readers) = open_with(&folder.data.database(), MIGRATIONS).await.unwrap();
    for sql in [
        "UPDATE audit SET who = 'wang'",
        "UPDATE audit SET detail = 'x' WHERE id = 1",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE id = 1",
        "INSERT OR REPLACE INTO audit (id, at_unix_ms, who, what) VALUES (1, 6, 'wang', 'view')",
        "REPLACE INTO audit (id, at_unix_ms, who, what) VALUES (1, 6, 'wang', 'view')",
        "INSERT INTO audit (id, at_unix_ms, who, what) VALUES (1, 6, 'wang', 'view') ON CONFLICT DO UPDATE SET who = 'x'",
    ] {
        let refused = sqlx::query(sql).execute(&mut writer).await.unwrap_err().to_string();
        assert!(refused.contains("only ever added to"), "{sql}: {refused}");
    }
    readers.close().await;
    assert_eq!(rows(&folder).await, [("li".into(), What::View, None)]);
}

#[tokio::test]
async fn the_same_look_within_a_while_is_one_row() {
    let folder = Folder::new().await;
    let (one, two) = (folder.new_call().await, folder.new_call().await);
    for (what, call, at) in [
        (What::View, Some(one), 1_000),
        (What::View, Some(one), 1_500),
        (What::View, Some(one), 1_999),
        (What::View, Some(one), 2_000),
        (What::View, Some(two), 2_001),
        (What::Reveal, Some(one), 2_002),
        (What::View, None, 2_003),
        (What::View, None, 2_004),
    ] {
        folder.store.add_audit(row(what, call, at), 1_000).await.unwrap();
    }
    let found = folder.store.audit(&AuditQuery::default(), 0, 100).await.unwrap();
    let at: Vec<i64> = found.iter().map(|found| found.row.at_unix_ms).collect();
    assert_eq!(at, [1_000, 2_000, 2_001, 2_002, 2_003]);
    let same = || folder.store.add_audit(row(What::Reveal, Some(two), 3_000), 1_000);
    let (a, b, c) = tokio::join!(same(), same(), same());
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(folder.store.audit(&AuditQuery::default(), 0, 100).await.unwrap().len(), 6, "at the same moment, too");
}

#[tokio::test]
async fn the_audit_is_asked_by_time_person_and_call_a_page_at_a_time() {
    let folder = Folder::new().await;
    let call = folder.new_call().await;
    for at in 0..10 {
        folder.store.add_audit(row(What::Edit, (at % 2 == 0).then_some(call), at), 0).await.unwrap();
    }
    folder.store.add_audit(NewAuditRow { who: "wang".into(), ..row(What::Edit, Some(call), 4) }, 0).await.unwrap();
    let asked = AuditQuery { since_unix_ms: Some(2), until_unix_ms: Some(8), who: Some("li".into()), call: Some(call) };
    let page = async |after| {
        let rows = folder.store.audit(&asked, after, 2).await.unwrap();
        rows.into_iter().map(|found| (found.id, found.row.at_unix_ms)).collect::<Vec<_>>()
    };
    assert_eq!(page(0).await, [(3, 2), (5, 4)]);
    assert_eq!(page(5).await, [(7, 6)]);
    assert!(page(7).await.is_empty());
}

#[tokio::test]
async fn a_command_changes_accounts_beside_a_running_gateway_which_sees_it_at_once() {
    let folder = Folder::new().await;
    let beside = SqliteStore::beside(folder.data.root()).await.unwrap();
    beside.change_account("li", add(Role::Agent), "local", 1).await.unwrap();
    assert!(folder.store.credentials("li").await.unwrap().is_some());
    assert!(folder.store.log_in(login(1, "li", 10)).await.unwrap());
    beside.change_account("li", AccountChange::Disable, "local", 2).await.unwrap();
    beside.close().await;
    assert_eq!(folder.store.login(&[1; 32]).await.unwrap(), None);
    folder.new_call().await;
    assert_eq!(folder.store.accounts().await.unwrap().len(), 1, "and goes on");
}

#[tokio::test]
async fn a_command_of_this_version_leaves_a_gateway_of_an_older_one_alone() {
    let temp = tempfile::tempdir().unwrap();
    let data = DataDir::open(temp.path()).unwrap();
    let absent = SqliteStore::beside(temp.path()).await.err().unwrap();
    assert!(matches!(absent, StoreError::Database(_)), "{absent}");
    let (_writer, _readers) = open_with(&data.database(), &MIGRATIONS[..3]).await.unwrap();
    let error = SqliteStore::beside(temp.path()).await.err().unwrap();
    assert!(matches!(error, StoreError::OlderSchema { found: 3, .. }), "{error}");
    assert!(error.to_string().contains("restart the gateway"), "{error}");
}
