//! The public listener speaks https by itself, with a certificate that is renewed while it runs.

mod common;

use std::sync::Arc;

use common::LOOPBACK;
use common::any_phone::Certificate;
use common::gateway::TestGateway;
use common::recognizer::Deaf;
use heardline::config::Config;
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn with(certificate: &Certificate, config: &mut Config) {
    config.public.tls_certificate = Some(certificate.chain());
    config.public.tls_key = Some(certificate.key());
}

/// The answer's first line; an error where the certificate is not trusted.
async fn ask(gateway: &TestGateway, certificate: &Certificate) -> std::io::Result<String> {
    let stream = TcpStream::connect(gateway.gateway.public_address()).await?;
    let name = ServerName::IpAddress(LOOPBACK.into());
    let mut stream = certificate.trusted(&[&TLS13]).connect(name, stream).await?;
    stream.write_all(b"GET /status HTTP/1.1\r\nHost: calls.example\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    // A peer that closes without close_notify has said all it had to.
    let _closed = stream.read_to_string(&mut answer).await;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_used_without_a_restart() {
    let (old, renewed) = (Certificate::new(), Certificate::new());
    let gateway = TestGateway::start_with(Some(Arc::new(Deaf::new())), |config| with(&old, config)).await;
    assert!(gateway.gateway.caller_pages()[0].starts_with("https://"));
    assert_eq!(ask(&gateway, &old).await.unwrap(), "HTTP/1.1 200 OK");
    assert!(ask(&gateway, &renewed).await.is_err(), "nobody has seen it yet");

    let mut fresh = Config::standard();
    fresh.public.listen = (LOOPBACK, 0).into();
    with(&renewed, &mut fresh);
    gateway.gateway.reload(&fresh).expect("a whole configuration");
    assert_eq!(ask(&gateway, &renewed).await.unwrap(), "HTTP/1.1 200 OK");

    fresh.public.tls_key = Some("/nowhere/tls.key".into());
    let refused = gateway.gateway.reload(&fresh).unwrap_err().to_string();
    assert!(refused.contains("public.tls_key = /nowhere/tls.key"), "{refused}");
    assert_eq!(ask(&gateway, &renewed).await.unwrap(), "HTTP/1.1 200 OK");
    gateway.shutdown().await;
}
