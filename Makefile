# A thin layer over tools/ and CMake. Every target sets up what it needs, and says what it does.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup test demo wasi wamr wasm size bench docs dist release clean

with_env = . tools/env.sh &&

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

setup: ## install everything that the targets below need
	@tools/setup.sh build wasm js servers wasi

test: ## run every test (all stages, or STAGES="gcc wasm js")
	@tools/test.sh $(STAGES)

demo: ## send a message from a Worker to an SMTP server on this machine
	@tools/setup.sh wasm js
	@tools/build-wasm.sh
	@$(with_env) node demo/run.mjs $(ARGS)

wasi: ## build the components and the command for WASI into build/wasi/out
	@tools/setup.sh js wasi
	@tools/build-wasi.sh

wamr: ## build the command for WAMR, and try it in the iwasm that WSMTP_IWASM names or PATH has, if any
	@tools/setup.sh js servers wasi
	@tools/build-wasi.sh
	@$(with_env) node --test --test-reporter=spec tests/wasi/wamr.test.mjs

wasm: ## build the engine as WebAssembly into build/wasm
	@tools/setup.sh wasm
	@tools/build-wasm.sh

size: ## print the sizes beside their targets (DETAILS=1: and what they are made of; FEATURES=1: and what each costs)
	@tools/setup.sh wasm js
	@tools/build-wasm.sh $(if $(FEATURES),--without-each)
	@$(with_env) $(if $(FEATURES),node tools/size-features.mjs &&) \
		$(if $(DETAILS),node tools/size-details.mjs &&) node tools/size.mjs
	@tools/setup.sh wasi
	@tools/build-wasi.sh >/dev/null
	@$(with_env) node tools/wasi/size.mjs

bench: ## measure, beside other clients
	@tools/setup.sh build wasm js servers rust
	@tools/build-wasm.sh
	@$(with_env) missed=0; for file in bench/*.mjs bench/rust/bench.mjs; do echo "== $$file"; node "$$file" || missed=1; done; exit $$missed

docs: ## render the book into docs/book
	@tools/setup.sh docs
	@$(with_env) PATH="$$BUILD/cargo/bin:$$PATH" mdbook build docs

dist: ## make the engine's two-file form: dist/wsmtp.h, dist/wsmtp.c
	@tools/setup.sh js
	@$(with_env) node tools/amalgamate.mjs

release: ## build the optimized static library into build/release
	@tools/setup.sh build
	@cmake --preset release && cmake --build --preset release

clean: ## remove what was built (not what was installed)
	@rm -rf build/gcc build/clang build/release build/wasm build/test dist docs/book adapters/js/engine.wasm
