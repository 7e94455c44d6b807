#!/bin/sh
# run.sh PROGRAM CORPUS RUNS: one fuzz target over its corpus and beyond, the same way every time.
# What it finds on the way stays in a folder of its own, which goes at the end.
set -eu
program=$1 corpus=$2 runs=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$program" -runs=0 -artifact_prefix="$PWD/" "$corpus" 2>"$scratch/log" || { cat "$scratch/log"; exit 1; }
mkdir "$scratch/found"
"$program" -runs="$runs" -seed=1 -max_len=2048 -len_control=0 -timeout=10 -artifact_prefix="$PWD/" \
    "$scratch/found" "$corpus" 2>"$scratch/log" || { tail -n 60 "$scratch/log"; exit 1; }
tail -n 2 "$scratch/log"
