#!/usr/bin/env bash
# Tests of the Rust crates (adapters/tokio) and of examples/rust-axum. Needs what `tools/setup.sh rust
# js servers` installs. What the machine's Rust lacks (rustfmt, clippy, Miri) is left out and said.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT/adapters/tokio"
export RUST_BACKTRACE=0 CARGO_TERM_COLOR=never
# A test opens a thousand connections at once; a login shell may allow 1024 files.
ulimit -n 8192 2>/dev/null || ulimit -n "$(ulimit -Hn)"
TOKIO=wasm-smtp-tokio
PARTS=$TOKIO/native-roots,$TOKIO/bundled-roots,$TOKIO/scram,$TOKIO/oauth,$TOKIO/cram-md5,$TOKIO/smtputf8,$TOKIO/idna,$TOKIO/mail-builder,$TOKIO/tracing
RING=(--workspace --no-default-features --features "$TOKIO/ring,rust-axum/ring,$PARTS")

say() { printf '\n-- %s\n' "$*"; }
have() { cargo "$1" --version >/dev/null 2>&1; }

# must_not_build TEXT ARGUMENTS...: the build fails, and says why.
must_not_build() {
    local text=$1 output
    shift
    if output=$(cargo check --locked --quiet "$@" 2>&1); then
        echo "cargo check $* succeeded, though it must not"
        return 1
    fi
    if ! grep -qF "$text" <<<"$output"; then
        printf 'cargo check %s failed for another reason:\n%s\n' "$*" "$output"
        return 1
    fi
}

if have fmt; then say "layout" && cargo fmt --all --check; else say "no rustfmt: layout is not checked"; fi

say "tests, with ring"
cargo test --locked "${RING[@]}"

if have clippy; then
    say "clippy"
    cargo clippy --locked --quiet "${RING[@]}" --all-targets -- -D warnings
else
    say "no clippy: nothing is linted"
fi

say "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet "${RING[@]}" --no-deps

say "every part of the engine left out"
cargo test --locked --quiet -p wasm-smtp-sys -p wasm-smtp --no-default-features --lib --test layout --test features

say "with AddressSanitizer and UndefinedBehaviorSanitizer across the border to C"
host=$(rustc -vV | sed -n 's/^host: //p')
CC=gcc CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all" CARGO_TARGET_DIR="$BUILD/cargo-target/asan" \
    RUSTFLAGS="-C linker=gcc -C default-linker-libraries=yes -C link-arg=-fsanitize=address,undefined" \
    cargo test --locked --quiet --target "$host" -p wasm-smtp-sys -p wasm-smtp --lib --tests

say "under Miri"
"$ROOT/tools/rust-miri.sh"

say "with the oldest Rust that is allowed"
"$ROOT/tools/rust-oldest.sh" "${RING[@]}" --all-targets

say "the package, with the engine in two files"
"$ROOT/tools/rust-package.sh"

say "with aws-lc-rs, the default; and exactly one provider"
cargo test --locked --quiet -p $TOKIO --test faults --test overlap --test extensions --test hurry
must_not_build "exclude each other" -p $TOKIO --features ring
must_not_build "one of the features" -p $TOKIO --no-default-features
