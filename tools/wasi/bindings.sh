#!/usr/bin/env bash
# Makes adapters/component/generated, and the bindings of examples/component-compose, of wit/.
#   tools/wasi/bindings.sh          with wit-bindgen of PATH, or of WIT_BINDGEN
#   tools/wasi/bindings.sh --check  only tells whether wit/smtp.wit is still what they were made of
# They are in the repository because wit-bindgen is to be had as source only (cargo install wit-bindgen-cli
# --version 0.63.0 --locked --no-default-features --features c), which two processors need ten minutes for:
# longer than everything else of the build together.
set -euo pipefail
. "$(dirname "$0")/../env.sh"
cd "$ROOT"
VERSION=0.63.0
GENERATED=adapters/component/generated
MARK="$GENERATED/wit.sha256"

# Of the types, not of what is said about them.
digest() { sed -E 's@^ *//.*@@; /^ *$/d' wit/smtp.wit | sha256sum | cut -d ' ' -f 1; }

if [ "${1:-}" = --check ]; then
    [ "$(digest)" = "$(cat "$MARK")" ] && exit
    echo "wit/smtp.wit is not what $GENERATED was made of: run tools/wasi/bindings.sh" >&2
    exit 1
fi
wit_bindgen=${WIT_BINDGEN:-wit-bindgen}
[ "$("$wit_bindgen" --version)" = "wit-bindgen-cli $VERSION" ] || { echo "wit-bindgen $VERSION is needed" >&2; exit 1; }
for world in sender mailer protocol; do
    "$wit_bindgen" c wit --world "$world" --rename-world smtp --no-object-file --out-dir "$GENERATED/$world"
done
"$wit_bindgen" c wit --world guest --no-object-file --out-dir examples/component-compose/bindings
digest >"$MARK"
