# Two commands matter: `make demo` shows the main job, `make test` proves it.
.PHONY: demo test build bench bench-drafts bench-speech model lint setup

# Built before it runs, so that what takes minutes the first time is seen.
demo: ## a real SIP call over loopback, transcribed live, its draft delivered; stays up (Ctrl-C ends it)
	@scripts/setup build
	cargo build
	@cargo run --quiet -- demo

test: ## every test, with real SIPp, baresip and Chromium calls on loopback
	@scripts/setup test
	cd web && npm run --silent check && npm run --silent unit && npm run --silent visual && npm run --silent desk
	cargo test

build: ## the optimised program: target/release/heardline
	@scripts/setup build
	cargo build --release

bench: ## the figures of README: JSON and a table
	@scripts/setup build
	cargo run --release --quiet -- bench

bench-drafts: ## what a draft costs live and at hang-up, and how soon it is accepted: targets 5 ms, 50 ms, 2 s
	@scripts/setup build
	cargo run --release --quiet -- bench drafts

bench-speech: ## the recogniser beside whisper.cpp and faster-whisper on the same weights, and under load (ARGS=--quick: a check)
	@scripts/setup build
	@scripts/bench-speech/run $(ARGS)

model: ## the bundled model from nothing, hours on a CPU: models/train/README.md; goes on where it was (HOURS, MINUTES)
	@scripts/setup model
	cargo build --release
	@models/train/run

lint: ## format and clippy, warnings denied
	@scripts/setup build
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
