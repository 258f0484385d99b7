//! The caller's page, with and without its files.

use super::TestPublic;

#[tokio::test]
async fn the_page_may_be_framed_by_the_configured_sites_and_use_the_microphone() {
    let public = TestPublic::with(|parts| {
        parts.origins = vec!["https://city.example".into(), "http://127.0.0.1:9000".into()];
    })
    .await;
    let page = public.get("/call/default?embed=1").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("/assets/call-1a2b.js"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.ends_with("frame-ancestors 'self' https://city.example http://127.0.0.1:9000"), "{policy}");
    assert!(policy.contains("media-src 'self' blob:;") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("permissions-policy"), Some("microphone=(self)"));
    assert_eq!((page.header("x-frame-options"), page.header("cache-control")), (None, Some("no-store")));

    let alone = TestPublic::start().await.get("/call/default").await;
    assert!(alone.header("content-security-policy").unwrap().ends_with("frame-ancestors 'self'"));
}

#[tokio::test]
async fn hashed_files_are_kept_for_ever_and_the_button_is_for_any_site() {
    let public = TestPublic::start().await;
    for (path, kind) in [
        ("/assets/call-1a2b.js", "text/javascript; charset=utf-8"),
        ("/assets/call-3c4d.css", "text/css; charset=utf-8"),
    ] {
        let file = public.get(path).await;
        assert_eq!((file.status, file.header("content-type")), (200, Some(kind)), "{path}");
        assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
        assert_eq!(file.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
    }
    let missing = public.get("/assets/call-0000.js").await;
    assert_eq!((missing.status, missing.header("cache-control")), (404, Some("no-store")), "asked for again");
    for path in ["/assets/../call.html", "/assets/%2e%2e/call.html", "/assets/..%2fcall.html", "/call.html"] {
        assert_eq!(public.get(path).await.status, 404, "{path}");
    }
    let button = public.get("/embed.js").await;
    assert_eq!((button.status, button.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
    assert_eq!(button.header("cross-origin-resource-policy"), Some("cross-origin"));
}

#[tokio::test]
async fn without_its_files_the_page_says_what_is_missing_and_how_to_build_it() {
    let public = TestPublic::with_files(|_| {}, |_| None).await;
    let page = public.get("/call/default").await;
    assert_eq!((page.status, page.header("content-type")), (503, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("scripts/setup web") && page.text().contains("make build"), "{}", page.text());
    let button = public.get("/embed.js").await;
    assert_eq!((button.status, button.header("content-type")), (503, Some("application/problem+json")));
}

#[tokio::test]
async fn who_comes_to_a_line_that_is_not_there_reads_a_page_and_not_a_document_for_programs() {
    let public = TestPublic::start().await;
    let page = public.get("/call/nowhere").await;
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("no hotline at this address"));
}
