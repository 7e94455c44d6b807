#!/usr/bin/env bash
# Makes the package of adapters/tokio/wasm-smtp-sys, which carries the engine in its two-file form,
# and tests it where nothing of this repository is beside it. Needs node.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT/adapters/tokio"
export CARGO_TARGET_DIR="$BUILD/cargo-target"
made=wasm-smtp-sys/c/amalgamated
trap 'rm -rf "$ROOT/adapters/tokio/$made"' EXIT
node "$ROOT/tools/amalgamate.mjs" "$made"
cargo package --locked --quiet --allow-dirty --no-verify -p wasm-smtp-sys
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
folder="$BUILD/rust-package"
rm -rf "$folder"
mkdir -p "$folder"
tar xf "$CARGO_TARGET_DIR/package/wasm-smtp-sys-$version.crate" -C "$folder"
cd "$folder/wasm-smtp-sys-$version"
if [ -e c/engine ] || [ ! -s c/amalgamated/wsmtp.c ]; then
    echo "the package does not carry the two files, or carries the sources they are made of"
    exit 1
fi
# Files of a package are as old as each other: what was built of an earlier one would pass for new.
CARGO_TARGET_DIR="$folder/target" cargo test --locked --quiet
