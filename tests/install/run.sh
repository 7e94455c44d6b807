#!/usr/bin/env bash
# run.sh FOLDER: installs a release build into FOLDER, and builds and runs a project against it, once
# through find_package and once through pkg-config.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$1
rm -rf "$work/prefix" "$work/consumer"
mkdir -p "$work"
cmake -S "$root" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
    -DCMAKE_INSTALL_PREFIX="$work/prefix" -DCMAKE_C_FLAGS= >"$work/log" || { cat "$work/log"; exit 1; }
cmake --build "$work/build" >>"$work/log" || { tail -n 30 "$work/log"; exit 1; }
cmake --install "$work/build" >>"$work/log"

cmake -S "$root/tests/install/consumer" -B "$work/consumer" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" >>"$work/log"
cmake --build "$work/consumer" >>"$work/log" || { tail -n 30 "$work/log"; exit 1; }
"$work/consumer/engine_only"
"$work/consumer/with_uv"

folder=$(dirname "$(find "$work/prefix" -name wsmtp.pc)")
export PKG_CONFIG_PATH="$folder"
read -ra engine < <(pkg-config --cflags --libs wsmtp)
read -ra uv < <(pkg-config --cflags --libs wsmtp-uv)
cc "$root/tests/install/consumer/engine_only.c" -o "$work/engine_only" "${engine[@]}"
cc "$root/tests/install/consumer/with_uv.c" -o "$work/with_uv" "${uv[@]}"
"$work/engine_only"
"$work/with_uv"
echo "installed, and used through find_package and pkg-config"
