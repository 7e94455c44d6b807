#!/usr/bin/env bash
# check-objects.sh OBJECT...
# The objects together may need nothing but memcpy, memmove, memset and memcmp, define each name once,
# with the prefix of this project, and must not have anything writable: no initialized data, no zeroed
# data, no common symbols.
set -euo pipefail
export LC_ALL=C
[ $# -gt 0 ] || { echo "no objects given"; exit 2; }
status=0

defined=$(nm -g --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort -u)
[ -n "$defined" ] || { echo "the objects define nothing"; exit 1; }
twice=$(nm -g --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort | uniq -d)
if [ -n "$twice" ]; then
    echo "defined more than once:"
    printf '  %s\n' $twice
    status=1
fi
foreign=$(grep -v '^wsmtp_' <<<"$defined" || true)
if [ -n "$foreign" ]; then
    echo "names visible to the linker without the prefix wsmtp_:"
    printf '  %s\n' $foreign
    status=1
fi
# _GLOBAL_OFFSET_TABLE_ is the linker's own, named by position-independent code.
missing=$(nm -u "$@" | awk 'NF == 2 { print $2 }' | sort -u | comm -23 - <(printf '%s\n' "$defined") |
    grep -vxE 'memcpy|memmove|memset|memcmp|_GLOBAL_OFFSET_TABLE_' || true)
if [ -n "$missing" ]; then
    echo "undefined symbols other than memcpy, memmove, memset, memcmp:"
    for symbol in $missing; do
        nm -uA "$@" | awk -v s="$symbol" '$NF == s { sub(/:$/, "", $1); print "  " s " in " $1 }'
    done
    status=1
fi

# .data.rel.ro does not count: constant tables of pointers, read-only once relocated.
for object in "$@"; do
    writable=$(size -A "$object" | awk '$1 ~ /^\.(data|bss|tdata|tbss)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 {
        print $2 " bytes in " $1 }')
    common=$(nm "$object" | awk '$(NF - 1) == "C" { print "common symbol " $NF }')
    if [ -n "$writable$common" ]; then
        echo "writable globals in $object:"
        printf '%s\n' "$writable" "$common" | sed '/^$/d; s/^/  /'
        echo "  symbols: $(nm "$object" | awk '$(NF - 1) ~ /^[bBdDC]$/ { printf "%s ", $NF }')"
        status=1
    fi
done
exit $status
