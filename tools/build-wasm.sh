#!/usr/bin/env bash
# Builds the engine as WebAssembly, with the export glue of adapters/js/wasm:
#   build/wasm/engine.wasm      everything
#   build/wasm/engine-js.wasm   everything but the sentences of errors, which the npm package has in
#                               reasons.mjs; copied to adapters/js/engine.wasm
#   build/wasm/engine-base.wasm that with nothing but what every submission needs (see BASE): to see what
#                               the extensions cost
#   build/wasm/engine-min.wasm  smallest profile: every switch of include/wsmtp/features.h off
#   build/wasm/*.named.wasm     the same with function names, for tools/size-details.mjs
#   build/wasm/without/*.wasm   with --without-each: engine.wasm with one switch off, each
# What is exported says so itself, by export_name in the glue. wasm-ld is called directly because the
# clang driver would run a wasm-opt from PATH with options that reject bulk memory.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"
OUT="$BUILD/wasm"
CC=${WASM_CC:-clang-14}
LD=${WASM_LD:-wasm-ld-14}
# Bytes at the bottom of the memory that the glue has for its session.
LOW_MEMORY=4608
# For size, beyond -Oz: what makes code faster, or ready for what never comes, makes it longer. Measured:
# 5 % of the module; each alone is worth 10 to 200 bytes. Inlined at first is only what is shorter then, and
# at the link, where all files are together, next to nothing more: wasm-opt does the rest.
CODEGEN=(-mllvm -disable-lsr -mllvm -disable-lftr -mllvm -replexitval=never
    -mllvm -enable-pre=false -mllvm -enable-load-pre=false -mllvm -jump-threading-threshold=0
    -mllvm -simplifycfg-hoist-common=false -mllvm -phi-node-folding-threshold=1 -mllvm -bonus-inst-threshold=0
    -mllvm -switch-to-lookup=false -mllvm -optsize-jump-table-density=70)
CFLAGS=(--target=wasm32-unknown-unknown -std=c11 -Oz -flto -mbulk-memory -msign-ext -mnontrapping-fptoint
    -ffreestanding -fvisibility=hidden "${CODEGEN[@]}" -mllvm -inline-threshold=-10
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
    -Iinclude -Iengine -Isasl -Iadapters/js/wasm -DLOW_MEMORY=$LOW_MEMORY)
# The session comes first, then data, because low addresses make short code. The stack lies behind them and
# grows down towards the session's buffers; tests/wasm checks that half of it is never touched.
LDFLAGS=(--fatal-warnings --no-entry --gc-sections --lto-O2 "${CODEGEN[@]}" -mllvm -inline-threshold=-50
    --global-base=$LOW_MEMORY -z stack-size=16384 --initial-memory=131072)
OPTFLAGS=(--enable-bulk-memory --enable-sign-ext --enable-nontrapping-float-to-int
    --flatten --rereloop -Oz -Oz -Oz --strip-producers --strip-target-features)
shopt -s nullglob
sources=(engine/*.c sasl/*.c adapters/js/wasm/*.c)
BASE='AUTH|SCRAM|OAUTH|CRAM_MD5|SMTPUTF8'
features=$(sed -n 's/^#ifndef \(WSMTP_FEATURE_[A-Z0-9_]*\).*/\1/p' include/wsmtp/features.h)

# build_profile NAME [-DMACRO=0 ...]
build_profile() {
    local name=$1 objects=() source object
    shift
    mkdir -p "$OUT/$name"
    for source in "${sources[@]}"; do
        object="$OUT/$name/$(tr / _ <<<"${source%.c}").o"
        objects+=("$object")
        "$CC" "${CFLAGS[@]}" "$@" -c "$source" -o "$object"
    done
    "$LD" "${LDFLAGS[@]}" --strip-all "${objects[@]}" -o "$OUT/$name.wasm"
    if command -v wasm-opt >/dev/null; then
        wasm-opt "$OUT/$name.wasm" "${OPTFLAGS[@]}" -o "$OUT/$name.wasm"
    else
        echo "build-wasm: there is no wasm-opt: $name.wasm is larger than it need be" >&2
    fi
    [[ $name == without/* ]] && return
    "$LD" "${LDFLAGS[@]}" "${objects[@]}" -o "$OUT/$name.named.wasm"
    if command -v wasm-opt >/dev/null; then
        wasm-opt "$OUT/$name.named.wasm" "${OPTFLAGS[@]}" --debuginfo -o "$OUT/$name.named.wasm"
    fi
}

# build_without FEATURE ...
build_without() {
    local feature
    for feature; do build_profile "without/${feature#WSMTP_FEATURE_}" "-D$feature=0"; done
}

# A build that would give the same is not repeated.
mkdir -p "$OUT"
exec 9>"$OUT/lock"
flock 9
digest=$(cat "$0" "${sources[@]}" include/wsmtp/*.h engine/*.h sasl/*.h adapters/js/wasm/*.h /dev/null | sha256sum)
if [ "$(cat "$OUT/digest" 2>/dev/null)" != "$digest" ]; then
    rm -f "$OUT/digest" "$OUT"/*.wasm adapters/js/engine.wasm
    build_profile engine &
    full=$!
    build_profile engine-js -DWSMTP_FEATURE_MESSAGES=0 &
    js=$!
    # shellcheck disable=SC2046
    build_profile engine-base $(printf -- '-D%s=0 ' $(grep -vxE "WSMTP_FEATURE_($BASE)" <<<"$features")) &
    base=$!
    # shellcheck disable=SC2046
    build_profile engine-min $(printf -- '-D%s=0 ' $features)
    wait $full
    wait $js
    wait $base
    echo "$digest" >"$OUT/digest"
fi
if [ "${1:-}" = --without-each ] && [ "$(cat "$OUT/without/digest" 2>/dev/null)" != "$digest" ]; then
    rm -rf "$OUT/without"
    # Two at a time: every second one of the list.
    # shellcheck disable=SC2046
    build_without $(sed -n 'n;p' <<<"$features") &
    # shellcheck disable=SC2046
    build_without $(sed -n 'p;n' <<<"$features")
    # What they share goes with the last of them: all parameters at once.
    # shellcheck disable=SC2046
    build_profile without/PARAMETERS $(sed -n '/^#define WSMTP_FEATURE_PARAMETERS/,/)$/p' include/wsmtp/features.h |
        grep -o 'WSMTP_FEATURE_[A-Z_]*' | sed '1d; s/.*/-D&=0/')
    wait $!
    echo "$digest" >"$OUT/without/digest"
fi
cmp -s "$OUT/engine-js.wasm" adapters/js/engine.wasm || cp "$OUT/engine-js.wasm" adapters/js/engine.wasm
for name in engine engine-js engine-base engine-min; do
    echo "build-wasm: $name.wasm $(stat -c %s "$OUT/$name.wasm") bytes"
done
