# Two commands matter: `make demo` shows the main job, `make test` proves it.
.PHONY: demo test build bench lint setup

demo: ## a real SIP call over loopback, transcribed live, its draft delivered; stays up (Ctrl-C ends it)
	@scripts/setup build
	cargo run --quiet -- demo

test: ## every test, with real SIPp, baresip and Chromium calls on loopback
	@scripts/setup test
	cd web && npm run --silent check && npm run --silent unit && npm run --silent visual
	cargo test

build: ## the optimised program: target/release/heardline
	@scripts/setup build
	cargo build --release

bench: ## the figures of README: JSON and a table
	@scripts/setup build
	cargo run --release --quiet -- bench

lint: ## format and clippy, warnings denied
	@scripts/setup build
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
