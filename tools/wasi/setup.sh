# Sourced by tools/setup.sh: the group "wasi". Everything that Debian 12 does not have goes into
# build/wasi, nothing of it into the system:
#
#   build/wasi/sysroot   wasi-libc with WASI 0.2, from a newer suite of Debian
#   build/wasi/mbedtls   the source of mbedTLS 3.6.7 or newer, from a newer suite of Debian
#   examples/component-js/node_modules  jco, which makes JavaScript of components
#   build/wasi/python    wasm-tools, wasmtime and its Python package, as in tools/wasi/requirements.txt
#
# The newer suite is read with apt and a configuration of its own: from the mirror that this machine
# uses, its index signed by a key of debian-archive-keyring, each file as the index says. Instead of
# fetching, WSMTP_WASI_SYSROOT and WSMTP_MBEDTLS may name folders: what "usr" is in the package
# wasi-libc, and the top of mbedTLS's source.
WASI="$BUILD/wasi"
JCO="$ROOT/examples/component-js"
WASI_SUITES=${WSMTP_WASI_SUITES:-sid testing} # tried in turn
MBEDTLS_AT_LEAST=3.6.7 # 3.6.6 refuses RSA-PSS in TLS 1.2, which OpenSSL prefers
MBEDTLS_BELOW=3.7
WASI_LIBC_AT_LEAST=0.0~git20260423

sources_edition() { echo "$MBEDTLS_AT_LEAST $WASI_LIBC_AT_LEAST ${WSMTP_MBEDTLS:-} ${WSMTP_WASI_SYSROOT:-}"; }
wasi_edition() {
    sources_edition
    cat "$ROOT/tools/wasi/requirements.txt" "$JCO/package-lock.json" | sha256sum
}

wasi_complete() {
    [ -f "$WASI/sysroot/lib/wasm32-wasip2/libc.a" ] && [ -f "$WASI/mbedtls/library/ssl_tls.c" ] &&
        [ -x "$WASI/bin/wasmtime" ] && [ -x "$WASI/bin/wasm-tools" ] && [ -d "$JCO/node_modules" ]
}

mbedtls_version() { # FOLDER
    sed -n 's/^#define MBEDTLS_VERSION_STRING  *"\(.*\)"/\1/p' "$1/include/mbedtls/build_info.h"
}

check_mbedtls() { # FOLDER
    local version
    version=$(mbedtls_version "$1" 2>/dev/null) && [ -n "$version" ] || die "$1 is not the source of mbedTLS 3"
    printf '%s\n%s\n' "$MBEDTLS_AT_LEAST" "$version" | sort -VC && printf '%s\n%s\n' "$version" "$MBEDTLS_BELOW" | sort -VC ||
        die "mbedTLS is $version; at least $MBEDTLS_AT_LEAST and older than $MBEDTLS_BELOW is needed"
}

# apt with the suites of its own. Nothing of the machine's lists and packages is touched.
wasi_apt() { APT_CONFIG="$WASI/apt/apt.conf" "$@"; }

wasi_apt_begin() { # SUITE
    local mirror
    mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        awk '$2 == "bookworm" && $3 == "main" { print $1; exit }')
    [ -n "$mirror" ] || die "this machine has no mirror of Debian 12 to get wasi-libc and mbedTLS from;" \
        "set WSMTP_WASI_SYSROOT and WSMTP_MBEDTLS (see tools/wasi/setup.sh)"
    rm -rf "$WASI/apt"
    mkdir -p "$WASI/apt/lists/partial" "$WASI/apt/cache/archives/partial" "$WASI/apt/files"
    printf '%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
        deb "$mirror" "$1" deb-src "$mirror" "$1" >"$WASI/apt/sources.list"
    cat >"$WASI/apt/apt.conf" <<END
Dir::Etc::sourcelist "$WASI/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$WASI/apt/lists";
Dir::Cache "$WASI/apt/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
END
    say "apt-get update: indices of Debian $1 into build/wasi (25 MB)"
    wasi_apt apt-get update -qq >>"$BUILD/apt.log" 2>&1
}

# The newest version of PACKAGE from AT_LEAST on and, if given, BELOW.
wasi_version() { # deb|source PACKAGE AT_LEAST [BELOW]
    local kind=Packages version
    if [ "$1" = source ]; then kind=Sources; fi
    wasi_apt apt-cache madison "$2" | awk -F ' *[|] *' -v kind="$kind" '$3 ~ kind "$" { print $2 }' |
        while read -r version; do
            dpkg --compare-versions "$version" ge "$3" && { [ $# -lt 4 ] || dpkg --compare-versions "$version" lt "$4"; } &&
                echo "$version" && break
        done
}

fetch_wasi_sources() {
    local suite libc mbedtls
    for suite in $WASI_SUITES; do
        wasi_apt_begin "$suite" || continue
        libc=$(wasi_version deb wasi-libc "$WASI_LIBC_AT_LEAST") || true
        mbedtls=$(wasi_version source mbedtls "$MBEDTLS_AT_LEAST" "$MBEDTLS_BELOW") || true
        [ -n "$libc" ] && [ -n "$mbedtls" ] && break
    done
    [ -n "${libc:-}" ] && [ -n "${mbedtls:-}" ] || die "no suite of $WASI_SUITES has wasi-libc >= $WASI_LIBC_AT_LEAST" \
        "and mbedTLS >= $MBEDTLS_AT_LEAST, < $MBEDTLS_BELOW (see build/apt.log, and tools/wasi/setup.sh for using your own)"
    say "apt-get download: wasi-libc $libc and the source of mbedTLS $mbedtls into build/wasi"
    (cd "$WASI/apt/files" && wasi_apt apt-get download -q "wasi-libc=$libc" &&
        wasi_apt apt-get source --download-only -q "mbedtls=$mbedtls") >>"$BUILD/apt.log" 2>&1 ||
        die "could not download wasi-libc and mbedTLS (see build/apt.log)"
    dpkg -x "$WASI"/apt/files/wasi-libc_*.deb "$WASI/apt/libc"
    python3 -m tarfile -e "$(compgen -G "$WASI/apt/files/mbedtls_*.orig.tar.*" | grep -v '\.asc$')" "$WASI/apt/mbedtls"
    rm -rf "$WASI/sysroot" "$WASI/mbedtls"
    mv "$WASI/apt/libc/usr" "$WASI/sysroot"
    mv "$WASI"/apt/mbedtls/* "$WASI/mbedtls"
    rm -rf "$WASI/apt"
}

install_wasi() {
    mkdir -p "$WASI/bin"
    [ "$(cat "$WASI/sources" 2>/dev/null)" = "$(sources_edition)" ] || install_wasi_sources
    install_wasi_tools
    wasi_complete || die "the tools for WASI are not complete (see build/apt.log and build/pip.log)"
}

install_wasi_sources() {
    rm -f "$WASI/sources"
    if [ -n "${WSMTP_WASI_SYSROOT:-}" ] && [ -n "${WSMTP_MBEDTLS:-}" ]; then
        rm -rf "$WASI/sysroot" "$WASI/mbedtls"
        ln -s "$(realpath "$WSMTP_WASI_SYSROOT")" "$WASI/sysroot"
        ln -s "$(realpath "$WSMTP_MBEDTLS")" "$WASI/mbedtls"
    else
        have apt-get || die "there is no apt-get: set WSMTP_WASI_SYSROOT and WSMTP_MBEDTLS (see tools/wasi/setup.sh)"
        fetch_wasi_sources
    fi
    check_mbedtls "$WASI/mbedtls"
    sources_edition >"$WASI/sources"
}

install_wasi_tools() {
    say "pip install: wasm-tools and wasmtime into build/wasi/python"
    rm -rf "$WASI/python"
    /usr/bin/python3 -m venv "$WASI/python" &&
        "$WASI/python/bin/pip" install -q --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
            -r "$ROOT/tools/wasi/requirements.txt" >"$BUILD/pip.log" 2>&1 ||
        die "pip install failed (see build/pip.log)"
    chmod +x "$WASI"/python/lib/python3*/site-packages/wasmtime_cli/wasmtime # the package leaves it unset
    ln -sf "$(compgen -G "$WASI/python/lib/python3*/site-packages/wasmtime_cli/wasmtime")" "$WASI/bin/wasmtime"
    ln -sf ../python/bin/wasm-tools "$WASI/bin/wasm-tools"
    node_is_new_enough || install_node
    say "npm install: jco into examples/component-js/node_modules"
    # As package-lock.json says. Not "npm ci", which insists on optional packages that were never published.
    (cd "$JCO" && npm install --no-save --ignore-scripts --no-audit --no-fund >"$BUILD/npm.log" 2>&1) ||
        die "npm install failed in examples/component-js (see build/npm.log)"
}
