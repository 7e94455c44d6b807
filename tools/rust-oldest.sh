#!/usr/bin/env bash
# Checks that the Rust crates compile with the oldest compiler that adapters/tokio/Cargo.toml allows:
# rustup's, if it is there, else Debian's, unpacked into build/rust-oldest and not installed. Where
# neither can be had it says so and succeeds.
#
#   tools/rust-oldest.sh [ARGUMENTS OF CARGO CHECK ...]
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT/adapters/tokio"
oldest=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
folder="$BUILD/rust-oldest"

# The compiler of Debian's package rustc-web, with what it needs.
unpack() {
    local version package
    version=$(apt-cache madison rustc-web 2>/dev/null | awk -v wanted="$oldest." 'index($3, wanted) == 1 { print $3; exit }')
    [ -n "$version" ] || return 1
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    cd "$folder.new"
    for package in rustc-web libstd-rust-web-dev "libstd-rust-web-$oldest"; do
        apt-get download -q "$package=$version" 2>/dev/null || return 1
    done
    for package in *.deb; do dpkg -x "$package" . && rm "$package"; done
    rm -rf "$folder"
    mv "$folder.new" "$folder"
}

if [ "$(rustc --version | cut -d ' ' -f 2 | cut -d . -f 1-2)" = "$oldest" ]; then
    echo "Rust $oldest is what everything else is tested with"
    exit 0
elif RUSTC=$(rustup which --toolchain "$oldest" rustc 2>/dev/null); then
    : # without rustup, rustc itself takes "+$oldest" and pays no heed to it
elif [ -x "$folder/usr/bin/rustc" ] || (unpack); then
    RUSTC=$folder/usr/bin/rustc
    export LD_LIBRARY_PATH="$folder/usr/lib/$(gcc -print-multiarch)"
else
    echo "there is no Rust $oldest to be had here: left out"
    exit 0
fi
export RUSTC CARGO_TARGET_DIR="$BUILD/cargo-target/oldest"
if ! "$RUSTC" --version; then
    echo "Rust $oldest does not run here (it needs libllvm19): left out"
    exit 0
fi
cargo check --locked --quiet "$@"
