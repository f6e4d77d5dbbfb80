# The commands of sesame. `make help` lists them.

# Most tests wait for servers more than they work: four at once keep two cores busy.
TESTS_AT_ONCE ?= $(shell n=$$(nproc); echo $$((n < 4 ? 4 : n)))

.PHONY: help setup build demo test chaos bench interface ci

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile

setup: ## Install what is missing: RabbitMQ, PostgreSQL, a linker (Debian, Ubuntu)
	@bash .ci/setup

build: ## Build the release binary, target/release/sesame
	@cargo build --release

demo: setup build ## Run a federation of seven nodes here and compare its tiers; ARGS=--once ends by itself
	@target/release/sesame demo $(ARGS)

test: ## Run all tests, with private servers of their own
	@bash .ci/setup tests
	@RUST_TEST_THREADS=$(TESTS_AT_ONCE) cargo test $(ARGS)

chaos: setup ## Kill everything at random under load and prove that nothing is lost; ARGS="--kills N --seed S"
	@cargo test --quiet --test chaos-run -- $(ARGS)

bench: setup ## Measure sesame against the bare pipeline on this machine; ARGS=--help tells the rest
	@cargo bench --bench bench -- $(ARGS)

interface: ## Hold a running node against its own OpenAPI document, with schemathesis
	@bash .ci/setup tests
	@bash .ci/interface

ci: ## What CI runs: formatting, clippy, tests, demo, interface
	@bash .ci/run
