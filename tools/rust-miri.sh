#!/usr/bin/env bash
# Tests the safe crate (adapters/tokio/wasm-smtp) under Miri, which finds undefined behaviour in Rust's
# own part: wrong pointers, use after free, leaks, data races. Miri calls the engine in a shared library;
# what happens in there it does not see (AddressSanitizer does, see tools/rust.sh). Needs a nightly
# toolchain with the components miri and rust-src; without them it says so and succeeds.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT/adapters/tokio"
if cargo miri --version >/dev/null 2>&1; then
    miri=(cargo miri)
elif cargo +nightly miri --version >/dev/null 2>&1; then
    miri=(cargo +nightly miri)
else
    echo "no Miri (rustup toolchain install nightly --component miri,rust-src): left out"
    exit 0
fi
folder="$BUILD/cargo-target/miri"
mkdir -p "$folder"
c=wasm-smtp-sys/c
gcc -std=c11 -O1 -shared -fPIC -I$c/include -I$c/engine -I$c/sasl \
    $c/engine/*.c $c/sasl/*.c $c/sizes.c $c/miri.c -o "$folder/libwsmtp.so"
# The engine keeps pointers as C does, so they come back without their provenance.
export MIRIFLAGS="-Zmiri-native-lib=$folder/libwsmtp.so -Zmiri-permissive-provenance"
export CARGO_TARGET_DIR="$folder"
"${miri[@]}" test --locked --quiet -p wasm-smtp --lib --test dialogue --test extensions
