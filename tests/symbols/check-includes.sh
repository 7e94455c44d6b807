#!/usr/bin/env bash
# check-includes.sh ROOT
# engine/ and sasl/ include only headers of this project and stddef.h, stdint.h, stdbool.h.
set -euo pipefail
cd "$1"
status=0
while IFS=: read -r file line text; do
    name=$(sed -E 's/^[^<"]*[<"]([^>"]*)[>"].*/\1/' <<<"$text")
    case $name in
    stddef.h | stdint.h | stdbool.h) continue ;;
    esac
    for folder in "$(dirname "$file")" include engine sasl; do
        [ -f "$folder/$name" ] && continue 2
    done
    echo "$file:$line: $name is not a header of this project, nor stddef.h, stdint.h or stdbool.h"
    status=1
done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' $(find engine sasl include/wsmtp -name '*.[ch]') /dev/null)
exit $status
