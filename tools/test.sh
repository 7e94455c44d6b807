#!/usr/bin/env bash
# Runs every test of the project, stage by stage, and ends with the line "N passed, N failed".
#   tools/test.sh            all stages
#   tools/test.sh STAGE ...  only these: setup gcc clang release wasm size wasi js rust
# A stage that fails does not stop the others; the exit status is 1 if anything failed. Each stage's
# full output is in build/test/STAGE.log.
set -uo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT" || exit 1
LOGS="$BUILD/test"
JS_FOLDERS=(tests/wasm tests/docs tests/js tests/runtime tests/servers tests/cli tests/matrix tests/wasi)
mkdir -p "$LOGS"
passed=0 failed=0 skipped=0

# stage NAME LIMIT COMMAND...: shows the name and the time; a stage over LIMIT seconds has failed.
# On success output is kept in the log; on failure its end is shown.
stage() {
    local name=$1 limit=$2 began=$SECONDS status=0
    shift 2
    printf '\n== %s\n' "$name"
    timeout --kill-after=10 "$limit" "$@" >"$LOGS/$name.log" 2>&1 </dev/null || status=$?
    case $status in
    0) printf '   ok (%ss)\n' $((SECONDS - began)) ;;
    124 | 137) printf '   FAILED: not done after %ss\n' "$limit" ;;
    *) printf '   FAILED: status %s (%ss)\n' "$status" $((SECONDS - began)) ;;
    esac
    if [ "$status" != 0 ]; then tail -n 60 "$LOGS/$name.log" | sed 's/^/   | /'; fi
    return "$status"
}

# A stage without test cases of its own counts as one.
single() {
    if stage "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); return 1; fi
}

# count PASSED FAILED SKIPPED STATUS: a runner that failed without naming a failure is one failure.
count() {
    local bad=$2
    if [ "$4" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    passed=$((passed + $1)) failed=$((failed + bad)) skipped=$((skipped + $3))
    printf '   %s passed, %s failed\n' "$1" "$bad"
}

native() {
    local preset=$1 status=0 total bad log
    single "$preset-build" 900 bash -c "cmake --preset $preset && cmake --build --preset $preset" || return
    log="$LOGS/$preset-test.log"
    stage "$preset-test" 900 ctest --preset "$preset" -j "$(nproc)" || status=$?
    total=$(sed -n 's/.*tests failed out of \([0-9]*\)$/\1/p' "$log")
    bad=$(sed -n 's/.*passed, \([0-9]*\) tests failed out of.*/\1/p' "$log")
    count $((${total:-0} - ${bad:-0})) "${bad:-0}" 0 "$status"
}

# tap WORD: the number that Node's summary gives for WORD, 0 if it never came to a summary.
tap() {
    local number
    number=$(sed -n "s/^# $1 \([0-9]*\)\$/\1/p" "$LOGS/js.tap" 2>/dev/null | tail -n 1)
    echo "${number:-0}"
}

javascript() {
    local status=0 files=() folder
    for folder in "${JS_FOLDERS[@]}"; do
        [ -d "$folder" ] || continue
        while IFS= read -r file; do files+=("$file"); done < <(find "$folder" -name '*.test.mjs' | sort)
    done
    rm -f "$LOGS/js.tap"
    stage js 1200 node --test --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$LOGS/js.tap" "${files[@]}" || status=$?
    count "$(tap pass)" "$(($(tap fail) + $(tap cancelled)))" "$(tap skipped)" "$status"
}

# Cargo's runs each end with "test result: ok. N passed; N failed; N ignored; ...".
rust() {
    local status=0
    stage rust 1200 tools/rust.sh || status=$?
    total() { sed -n "s/^test result: .* \([0-9]*\) $1;.*/\1/p" "$LOGS/rust.log" | awk '{ sum += $1 } END { print sum + 0 }'; }
    count "$(total passed)" "$(total failed)" "$(total ignored)" "$status"
}

run() {
    case $1 in
    setup) printf '\n== setup\n' && tools/setup.sh build wasm js servers wasi rust consumers || { echo "setup failed"; exit 1; } ;;
    gcc | clang) native "$1" ;;
    release) single release 900 bash -c "cmake --preset release && cmake --build --preset release" ;;
    wasm) single wasm 300 tools/build-wasm.sh ;;
    size) single size 120 node tools/size.mjs --guard && sed 's/^/   /' "$LOGS/size.log" ;;
    wasi)
        single wasi-build 600 tools/build-wasi.sh && single wasi-size 60 node tools/wasi/size.mjs && sed 's/^/   /' "$LOGS/wasi-size.log"
        single wasi-consumers 1200 tools/wasi/consumers.sh
        ;;
    js) javascript ;;
    rust) rust ;;
    *) echo "there is no stage '$1' (setup, gcc, clang, release, wasm, size, wasi, js, rust)"; exit 2 ;;
    esac
}

[ $# -gt 0 ] || set -- setup gcc clang release wasm size wasi js rust
for name in "$@"; do run "$name"; done

printf '\n'
if [ "$skipped" != 0 ]; then printf '%s skipped\n' "$skipped"; fi
printf '%s passed, %s failed (%ss)\n' "$passed" "$failed" "$SECONDS"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
