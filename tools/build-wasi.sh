#!/usr/bin/env bash
# Builds what runs on WASI 0.2, into build/wasi/out:
#   smtp-send.wasm        component, world sender of wit/smtp.wit: TLS, built-in certificate authorities
#   smtp-send-tls.wasm    the same without authorities: the caller brings them
#   smtp-send-plain.wasm  the same without TLS and without login, for a relay on the same machine
#   mailer.wasm           component, world mailer: as smtp-send.wasm, and connections for many messages
#   smtp-engine.wasm      component, world protocol: imports nothing
#   composed.wasm         examples/component-compose, joined with mailer.wasm
#   wasm-smtp.wasm        the command line of cli/
#   wasm-smtp-wamr.wasm   the same for WAMR: a module of preview 1, with WAMR's own calls for sockets
# and smtp-send.wasm as JavaScript for the npm package, into adapters/js/component/generated.
# Sysroot and mbedTLS come from build/wasi (tools/setup.sh wasi). clang is not asked to link, because
# it would want wasm-component-ld.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"
WASI="$BUILD/wasi" OUT="$BUILD/wasi/out" OBJ="$BUILD/wasi/obj"
PATH="$WASI/bin:$PATH"
CC=clang-19 LD=wasm-ld-19
SYSROOT="$WASI/sysroot" MBEDTLS="$WASI/mbedtls"
LIB="$SYSROOT/lib/wasm32-wasip2"
shopt -s nullglob
BUILTINS=(/usr/lib/llvm-19/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a)
CFLAGS=(--target=wasm32-wasip2 -isystem "$SYSROOT/include/wasm32-wasip2" -std=c11 -mbulk-memory -msign-ext
    -mnontrapping-fptoint -fvisibility=hidden -ffunction-sections -fdata-sections
    '-DMBEDTLS_CONFIG_FILE=<mbedtls_config.h>' -DMBEDTLS_ALLOW_PRIVATE_ACCESS=)
# As in tools/build-wasm.sh: passes that make code longer are off.
FOR_SIZE=(-Oz -mllvm -disable-lsr -mllvm -disable-lftr -mllvm -replexitval=never
    -mllvm -enable-pre=false -mllvm -enable-load-pre=false -mllvm -jump-threading-threshold=0
    -mllvm -simplifycfg-hoist-common=false -mllvm -phi-node-folding-threshold=1 -mllvm -bonus-inst-threshold=0
    -mllvm -optsize-jump-table-density=70 -mllvm -inline-threshold=-10)
# The thousands of hashes that SCRAM asks for. -O2 would be 5 % faster, and 700 bytes longer.
FAST=' sasl/sha1.c sasl/sha2.c sasl/hash.c sasl/hmac.c sasl/pbkdf2.c '
WARNINGS=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
OPTFLAGS=(--enable-bulk-memory --enable-sign-ext --enable-nontrapping-float-to-int --low-memory-unused
    --flatten --rereloop -Oz -Oz --strip-debug --strip-producers --strip-target-features)
# Newer than Debian's, and 2 % better; it comes with jco.
WASM_OPT=(node examples/component-js/node_modules/binaryen/bin/wasm-opt --enable-bulk-memory-opt)
STACK=65536
# What the interface smtp-send has no use for; and what the plain component is made without, to be small:
# it has no TLS, so that a login would be one in clear text.
FOR_SENDER=(OVERLAP EARLY QUERIES XCLIENT)
FOR_PLAIN=("${FOR_SENDER[@]}" AUTH CHUNKING LIMITS DSN REQUIRETLS DELIVERBY FUTURERELEASE MT_PRIORITY SUBMITTER PRDR)
# without NAME...: the switches that leave them out.
without() { printf -- '-DWSMTP_FEATURE_%s=0\n' "$@"; }
mapfile -t FOR_SENDER < <(without "${FOR_SENDER[@]}")
mapfile -t FOR_PLAIN < <(without "${FOR_PLAIN[@]}")

# compile FOLDER FLAG... -- SOURCE...: objects into build/wasi/obj/FOLDER, two at a time.
compile() {
    local folder="$OBJ/$1" flags=() optimize source running=0
    shift
    while [ "$1" != -- ]; do flags+=("$1"); shift; done
    shift
    mkdir -p "$folder"
    for source in "$@"; do
        optimize=("${FOR_SIZE[@]}")
        case "$FAST" in *" $source "*) optimize=(-Os) ;; esac
        "$CC" "${CFLAGS[@]}" "${optimize[@]}" "${flags[@]}" -c "$source" \
            -o "$folder/$(basename "$(dirname "$source")")_$(basename "${source%.c}").o" &
        running=$((running + 1))
        if [ "$running" -ge 2 ]; then wait -n; running=$((running - 1)); fi
    done
    while [ "$running" -gt 0 ]; do wait -n; running=$((running - 1)); done
}

# unchanged NAME INPUT...: whether what NAME is made of is what it was; then it is not made again.
unchanged() {
    local name=$1
    shift
    digest=$(cat "$0" "$@" | sha256sum)
    [ "$(cat "$OBJ/$name.digest" 2>/dev/null)" = "$digest" ] && return
    rm -rf "${OBJ:?}/$name" "$OBJ/$name.digest"
    return 1
}
done_with() { echo "$digest" >"$OBJ/$1.digest"; }

# ---- mbedTLS and the certificate authorities
build_mbedtls() {
    unchanged mbedtls adapters/wasi/mbedtls_config.h "$MBEDTLS/include/mbedtls/build_info.h" && return
    echo "build-wasi: mbedTLS (half a minute)"
    compile mbedtls -Iadapters/wasi -I"$MBEDTLS/include" -I"$MBEDTLS/library" -- "$MBEDTLS"/library/*.c
    done_with mbedtls
}

build_roots() {
    local folder=/usr/share/ca-certificates/mozilla version
    version=$(dpkg-query -W -f '${Version}' ca-certificates)
    unchanged roots tools/wasi/roots.mjs adapters/wasi/roots.h "$folder"/*.crt && return
    mkdir -p "$OBJ/roots"
    node tools/wasi/roots.mjs "Mozilla, Debian ca-certificates $version" "$folder" >"$OBJ/roots/roots.c"
    compile roots "${WARNINGS[@]}" -Iadapters/wasi -- "$OBJ/roots/roots.c"
    done_with roots
}

# ---- the parts that are ours
INCLUDES=(-Iinclude -Iengine -Isasl -Iadapters/client -Iadapters/wasi -isystem "$MBEDTLS/include" -isystem "$MBEDTLS/library")
engine=(engine/*.c sasl/*.c)
driver=(adapters/client/{body,driver,early,error,events,query,requests,texts}.c)
session=(adapters/wasi/{address,session,words}.c)
tls=(adapters/wasi/tls{,_platform,_verify}.c)
own=("${engine[@]}" adapters/client/*.[ch] adapters/wasi/*.[ch] adapters/component/*.[ch] adapters/component/generated/*/*.[ch]
    include/wsmtp/*.h engine/*.h sasl/*.h cli/*.[ch] examples/component-compose/*.c examples/component-compose/bindings/*)

# compile_session FOLDER FLAG...: the engine, and what drives it on WASI.
compile_session() {
    local folder=$1
    shift
    compile "$folder" "$@" "${WARNINGS[@]}" "${INCLUDES[@]}" -- "${engine[@]}" "${driver[@]}" "${session[@]}"
}

build_common() {
    compile_session common
    compile_session sending "${FOR_SENDER[@]}"
    compile_session plain "${FOR_PLAIN[@]}"
    compile tls "${WARNINGS[@]}" "${INCLUDES[@]}" -- "${tls[@]}"
    compile tls-none "${WARNINGS[@]}" "${INCLUDES[@]}" -- adapters/wasi/tls_none.c
    compile host "${WARNINGS[@]}" "${INCLUDES[@]}" -- adapters/wasi/{clock,socket}.c
    compile roots-none "${WARNINGS[@]}" "${INCLUDES[@]}" -- adapters/wasi/roots_none.c
    compile identity-none "${WARNINGS[@]}" "${INCLUDES[@]}" -- adapters/wasi/tls_identity_none.c
    compile libc "${WARNINGS[@]}" -- adapters/component/{memory,print,type}.c
    compile libc "${WARNINGS[@]}" -fno-builtin -- adapters/component/libc.c
}

# compile_world FOLDER WORLD FLAG... -- SOURCE...: the glue of adapters/component, with the bindings of that
# world, which wit-bindgen made, with warnings of its own.
compile_world() {
    local folder=$1 bindings="adapters/component/generated/$2" flags=() source sources=()
    shift 2
    while [ "$1" != -- ]; do flags+=("$1"); shift; done
    shift
    for source in "$@"; do sources+=("adapters/component/$source.c"); done
    compile "$folder" "${flags[@]}" "${WARNINGS[@]}" "${INCLUDES[@]}" -Iadapters/component -I"$bindings" -- "${sources[@]}"
    compile "$folder" "${flags[@]}" -I"$bindings" -- "$bindings/smtp.c"
}

# component NAME WORLD FOLDER...: links the objects of the folders, and makes a component of them.
# wasi-libc says in an object file what the types of WASI are.
component() {
    local name=$1 world=$2 objects=() more=() folder
    shift 2
    if [ "$name" = smtp-send-plain ]; then more=(--converge); fi # too slow for the others
    for folder in "$@" libc; do objects+=("$OBJ/$folder"/*.o); done
    "$LD" --fatal-warnings -m wasm32 -L"$LIB" "${objects[@]}" -lc "${BUILTINS[0]}" --entry _initialize \
        -u __component_type_object_force_link_wasip2 \
        --gc-sections --strip-debug -z stack-size=$STACK --stack-first -o "$OBJ/$name.core.wasm"
    "${WASM_OPT[@]}" "$OBJ/$name.core.wasm" "${OPTFLAGS[@]}" "${more[@]}" -o "$OBJ/$name.opt.wasm"
    wasm-tools component embed wit --world "$world" "$OBJ/$name.opt.wasm" -o "$OBJ/$name.embedded.wasm"
    wasm-tools component new "$OBJ/$name.embedded.wasm" -o "$OBJ/$name.new.wasm"
    finish "$name"
}

# finish NAME: without what is of no use at run time.
finish() {
    wasm-tools strip -a "$OBJ/$1.new.wasm" -o "$OBJ/$1.stripped.wasm"
    node tools/wasi/pack.mjs "$OBJ/$1.stripped.wasm" "$OUT/$1.wasm"
}

# command NAME FOLDER...: a program with main(), linked with the whole C library.
command() {
    local name=$1 objects=() folder
    shift
    for folder in "$@"; do objects+=("$OBJ/$folder"/*.o); done
    "$LD" --fatal-warnings -m wasm32 -L"$LIB" "$LIB/crt1-command.o" "${objects[@]}" -lc "${BUILTINS[0]}" --entry _start \
        --gc-sections --strip-debug -z stack-size=$((4 * STACK)) --stack-first -o "$OBJ/$name.core.wasm"
    "${WASM_OPT[@]}" "$OBJ/$name.core.wasm" "${OPTFLAGS[@]}" -o "$OBJ/$name.opt.wasm"
}

# The program of examples/component-compose, and mailer.wasm, as one component.
build_composed() {
    local folder=examples/component-compose
    compile composed "${WARNINGS[@]}" -I"$folder/bindings" -- "$folder/main.c" adapters/component/type.c
    compile composed -I"$folder/bindings" -- "$folder/bindings/guest.c"
    command composed composed
    wasm-tools component embed wit --world guest "$OBJ/composed.opt.wasm" -o "$OBJ/composed.embedded.wasm"
    wasm-tools component new "$OBJ/composed.embedded.wasm" -o "$OBJ/guest.wasm"
    wasm-tools compose "$OBJ/guest.wasm" -d "$OUT/mailer.wasm" -o "$OBJ/composed.new.wasm" 2>/dev/null
    finish composed
}

# compile_command FOLDER: the command line, cli/ on the client of adapters/wasi: what of it asks the C library
# for files, streams and the like.
compile_command() {
    local version
    version=$(sed -n 's/^project(.*VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
    compile "$1" "${WARNINGS[@]}" "${INCLUDES[@]}" -- adapters/wasi/{client,tls_certificate,tls_identity}.c \
        adapters/client/{addresses,file,idna,login,names,settings}.c
    compile "$1" "${WARNINGS[@]}" -Iinclude -Icli "-DWSMTP_CLI_VERSION=\"$version\"" -- cli/*.c
}

# In a module that WASI calls a command.
build_command() {
    compile_command cli
    command wasm-smtp cli common host tls mbedtls roots
    wasm-tools component new "$OBJ/wasm-smtp.opt.wasm" -o "$OBJ/wasm-smtp.new.wasm"
    finish wasm-smtp
}

# The same with the C library for preview 1. Objects that ask it for memory and strings only serve for both.
build_command_for_wamr() {
    local CFLAGS=("${CFLAGS[@]//wasip2/wasip1}") LIB="${LIB/wasip2/wasip1}"
    compile_command wamr
    compile wamr "${WARNINGS[@]}" "${INCLUDES[@]}" -- adapters/wasi/{clock,socket}_wamr.c
    command wasm-smtp-wamr wamr common tls mbedtls roots
    cp "$OBJ/wasm-smtp-wamr.opt.wasm" "$OUT/wasm-smtp-wamr.wasm"
}

mkdir -p "$OUT" "$OBJ"
exec 9>"$WASI/build.lock"
flock 9
tools/wasi/bindings.sh --check
build_mbedtls
build_roots
if ! unchanged own "${own[@]}" tools/wasi/{pack,wrapper}.mjs wit/*.wit wit/deps/*.wit "$OBJ/roots.digest" "$OBJ/mbedtls.digest"; then
    own_digest=$digest
    rm -f "$OUT"/*.wasm
    rm -rf "$OBJ"/{composed,cli,wamr,host,common,sending,plain,tls,tls-none,roots-none,identity-none,libc,core,sender,sender-exports,plain-sender,mailer,protocol}
    build_common
    own_exports='-D__export_name__(name)=unused' # those of the bindings are not: sender.c
    compile_world sender sender "${FOR_SENDER[@]}" "$own_exports" -- config convert deliver parameters send
    compile_world plain-sender sender "${FOR_PLAIN[@]}" "$own_exports" -- config convert deliver send
    compile sender-exports "${WARNINGS[@]}" -Iadapters/wasi -Iadapters/component/generated/sender -- adapters/component/sender.c
    compile_world mailer mailer -- config connection convert deliver facts hurry parameters send
    compile_world protocol protocol -- convert facts parameters protocol
    compile core "${WARNINGS[@]}" "${INCLUDES[@]}" -- "${engine[@]}" adapters/client/{error,texts}.c
    with_tls=(host tls mbedtls identity-none)
    component smtp-send sender sender sender-exports sending "${with_tls[@]}" roots
    component smtp-send-tls sender sender sender-exports sending "${with_tls[@]}" roots-none
    component mailer mailer mailer common "${with_tls[@]}" roots
    component smtp-engine protocol protocol core
    component smtp-send-plain sender plain-sender sender-exports plain host tls-none roots-none
    build_composed
    build_command
    build_command_for_wamr
    digest=$own_digest
    done_with own
fi
node tools/wasi/transpile.mjs
for file in "$OUT"/*.wasm; do printf 'build-wasi: %s %s bytes\n' "$(basename "$file")" "$(stat -c %s "$file")"; done
