# The one front door. `make` alone lists what can be asked; everything missing is installed by .ci/prepare, which says so.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help run demo test check fix bench fuzz regenerate bundle

# tools that .ci/prepare compiled, and a toolchain that rustup put where no shell looks yet
export PATH := $(CURDIR)/target/tools/bin:$(PATH):$(HOME)/.cargo/bin

help: ## list what can be asked
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start the house with the sample shop and write to it as a customer, in the terminal
	@.ci/prepare build
	echo "make run: building (the first time takes some minutes)"
	exec cargo run --quiet --locked -p cli --bin sala -- playground

demo: ## relay, fake platforms and a house: recorded customers in Thai and English, checked step by step
	@.ci/prepare build
	echo "make demo: building (the first time takes some minutes)"
	cargo build --quiet --locked -p relay --bin sala-relay
	cargo build --quiet --locked -p cli --bin sala
	exec cargo run --quiet --locked -p journeys --bin demo

test: ## everything that must hold: format, lints, house rules, all tests
	@.ci/prepare test
	$(MAKE) --no-print-directory house-rules
	cargo test --quiet --locked --workspace --doc
	cargo nextest run --locked --workspace

check: ## the quick half of test: format, lints, house rules, and cargo-deny where it is installed
	@.ci/prepare test
	$(MAKE) --no-print-directory house-rules
	if cargo deny --version >/dev/null 2>&1; then
		cargo deny --locked check bans licenses sources
	else
		echo "check: cargo-deny is not installed, so licences and bans were not looked at (cargo install --locked cargo-deny)"
	fi

.PHONY: house-rules
house-rules:
	@set -x
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo xtask tidy

fix: ## format, and let clippy mend what it can
	@.ci/prepare test
	cargo fmt --all
	cargo clippy --fix --allow-dirty --allow-staged --workspace --all-targets

bench: ## latency, throughput, search, start-up and memory, beside BullMQ on Redis, on this machine
	@.ci/prepare bench
	cargo run --quiet --release --locked -p journeys --bin bench
	cargo bench --quiet --locked -p nlu -p store -p relay --bench read --bench commits --bench search --bench webhooks

MINUTES ?= 3
fuzz: ## every fuzz target for MINUTES (3) each, one after another; what they find stays in fuzz/artifacts/
	@.ci/prepare fuzz
	cargo +nightly fuzz build
	for target in $$(cargo +nightly fuzz list); do
		echo "make fuzz: $$target for $(MINUTES) minutes"
		mkdir -p "target/fuzz/$$target"
		nice cargo +nightly fuzz run "$$target" "target/fuzz/$$target" "fuzz/corpus/$$target" -- \
			-max_total_time=$$(( $(MINUTES) * 60 )) -max_len=8192 -timeout=20 -rss_limit_mb=3000 -print_final_stats=1
	done

regenerate: ## what is generated and committed: .sqlx/ and migrations/CHECKSUMS
	@.ci/prepare regenerate
	export DATABASE_URL="sqlite://$(CURDIR)/target/regenerate.db" SQLX_OFFLINE=false
	mkdir -p target
	rm -f target/regenerate.db*
	sqlx database create
	sqlx migrate run --source migrations
	cargo sqlx prepare --workspace -- -p store --all-targets
	cargo xtask checksums
	git status --short .sqlx migrations

bundle: ## sala and sala-relay, built for release, as a tarball with its checksum in dist/
	@.ci/prepare build
	cargo build --release --locked -p cli --bin sala -p relay --bin sala-relay
	version=$$(cargo pkgid --locked -p cli | sed 's/.*[#@]//')
	name="sala-$$version-$$(uname -s | tr '[:upper:]' '[:lower:]')-$$(uname -m)"
	rm -rf "dist/$$name" && mkdir -p "dist/$$name"
	built="$${CARGO_TARGET_DIR:-target}/release"
	cp "$$built/sala" "$$built/sala-relay" README.md LICENSE LICENSE-MIT LICENSE-APACHE "dist/$$name/"
	tar -C dist -czf "dist/$$name.tar.gz" "$$name"
	cd dist && sha256sum "$$name.tar.gz" | tee "$$name.tar.gz.sha256"
