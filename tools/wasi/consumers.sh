#!/usr/bin/env bash
# Builds the programs of examples/ that hold a component by wasmtime's library, into build/wasi/consumers:
#   component-c     C, by the C API
#   component-go    Go, by cgo on the same
#   component-rust  Rust, by the crate wasmtime (its first build takes some minutes)
#
# The C API's library is the one that wasmtime's package for Python carries (build/wasi/python); its
# headers come from the crate of the same version. Needs what `tools/setup.sh wasi consumers` installs.
set -euo pipefail
. "$(dirname "$0")/../env.sh"
cd "$ROOT"
OUT="$BUILD/wasi/consumers" API="$BUILD/wasi/c-api"
HEADERS=wasmtime-c-api-impl HEADERS_VERSION=47.0.1
HEADERS_SHA256=14c80d960d8736b14259805b16f4d51eabdb975a440a647b2ba08b519b26c0c1

say() { printf 'consumers: %s\n' "$*"; }
die() { printf 'consumers: error: %s\n' "$*" >&2; exit 1; }

# Cargo fetches crates that nothing is built of by "cargo info" only.
fetch_headers() {
    local crates crate work
    [ "$(cat "$API/edition" 2>/dev/null)" != "$HEADERS_SHA256" ] || return 0
    say "cargo info: headers of the C API of wasmtime $HEADERS_VERSION into build/wasi/c-api"
    (cd / && cargo info --quiet "$HEADERS@$HEADERS_VERSION" >/dev/null) || die "cargo could not fetch the crate $HEADERS $HEADERS_VERSION"
    crates=("${CARGO_HOME:-$HOME/.cargo}"/registry/cache/*/"$HEADERS-$HEADERS_VERSION.crate")
    crate=${crates[0]}
    echo "$HEADERS_SHA256  $crate" | sha256sum --check --status || die "$crate is not the crate that is known"
    work=$(mktemp -d "$BUILD/wasi/c-api.XXXXXX")
    tar -xzf "$crate" -C "$work" --strip-components=1 "$HEADERS-$HEADERS_VERSION/include"
    # What CMake would write: the library of the Python package has every part but these two.
    sed -E 's/^#cmakedefine (WASMTIME_FEATURE_(DISABLE_LOGGING|ALL_ARCH))$/\/* no \1 *\//; s/^#cmakedefine/#define/' \
        "$work/include/wasmtime/conf.h.in" >"$work/include/wasmtime/conf.h"
    rm -rf "$API"
    mv "$work" "$API"
    echo "$HEADERS_SHA256" >"$API/edition"
}

link_library() {
    local libraries=("$BUILD"/wasi/python/lib/python3*/site-packages/wasmtime/linux-*/_libwasmtime.so)
    [ -f "${libraries[0]}" ] || die "the package wasmtime for Python is missing: tools/setup.sh wasi"
    compgen -G "$BUILD/wasi/python/lib/python3*/site-packages/wasmtime-$HEADERS_VERSION.dist-info" >/dev/null ||
        die "tools/wasi/requirements.txt and tools/wasi/consumers.sh name different versions of wasmtime"
    mkdir -p "$API/lib"
    ln -sfn "${libraries[0]}" "$API/lib/libwasmtime.so"
}

build_c() {
    local compiler
    for compiler in gcc clang-14; do
        command -v "$compiler" >/dev/null || continue
        "$compiler" -std=c11 -D_DEFAULT_SOURCE -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -isystem "$API/include" \
            examples/component-c/{main,mailer,value}.c -L"$API/lib" -lwasmtime -Wl,-rpath,"$API/lib" -o "$OUT/component-c"
    done
    # The same with sanitizers: what the program is tested with.
    gcc -std=c11 -D_DEFAULT_SOURCE -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -isystem "$API/include" \
        examples/component-c/{main,mailer,value}.c -L"$API/lib" -lwasmtime -Wl,-rpath,"$API/lib" -o "$OUT/component-c-sanitized"
}

build_go() {
    command -v go >/dev/null || die "Go is missing: Debian's package golang-go has it"
    [ -z "$(gofmt -l examples/component-go)" ] || die "gofmt would change: $(gofmt -l examples/component-go)"
    (cd examples/component-go &&
        export GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=1 CGO_CFLAGS="-O1 -I$API/include" CGO_LDFLAGS="-L$API/lib -Wl,-rpath,$API/lib" &&
        go vet . && go build -o "$OUT/component-go" .)
}

build_rust() {
    local minimum
    minimum=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' examples/component-rust/Cargo.toml)
    printf '%s\n%s\n' "$minimum" "$(rustc --version | cut -d ' ' -f 2)" | sort -VC || PATH="/usr/bin:$PATH"
    (cd examples/component-rust &&
        if cargo fmt --version >/dev/null 2>&1; then cargo fmt --check; fi &&
        CARGO_TERM_COLOR=never cargo build --locked --quiet)
    cp "$BUILD/cargo-target/component-rust/debug/component-rust" "$OUT/component-rust"
}

mkdir -p "$OUT"
exec 9>"$BUILD/wasi/consumers.lock"
flock 9
fetch_headers
link_library
for language in "${@:-c go rust}"; do
    for each in $language; do
        began=$SECONDS
        "build_$each"
        say "$each: built in $((SECONDS - began)) s"
    done
done
