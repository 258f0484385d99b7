use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::from_fn;
use axum::routing::post;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{Notify, oneshot};

#[tokio::test]
async fn what_was_asked_for_is_done_to_its_end_when_whoever_asked_has_gone() {
    let (started, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (done, ended) = oneshot::channel();
    let (begun, go_on, done) = (Arc::clone(&started), Arc::clone(&release), Arc::new(Mutex::new(Some(done))));
    let change = move || {
        let (begun, go_on, done) = (Arc::clone(&begun), Arc::clone(&go_on), Arc::clone(&done));
        async move {
            begun.notify_one();
            go_on.notified().await;
            done.lock().unwrap().take().unwrap().send(()).unwrap();
        }
    };
    let router = Router::new().route("/", post(change)).layer(from_fn(crate::review::to_the_end));
    let request = Request::post("/").body(Body::empty()).unwrap();
    let asking = tokio::spawn(TowerToHyperService::new(router).call(request));
    started.notified().await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    release.notify_one();
    tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap().unwrap();
}
