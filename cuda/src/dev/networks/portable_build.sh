#!/bin/bash
# Compiles conv_portable.cu for every line of a list of variants: portable_build.sh LIST FOLDER [ARCHITECTURE]
set -e
source=$(cd "$(dirname "$0")/../../main/cuda" && pwd)/conv_portable.cu
mkdir -p "$2"
grep -v '^#' "$1" | while read -r name options; do
  [ -n "$name" ] || continue
  nvcc -std=c++17 -fmad=true -arch="${3:-sm_90}" -cubin -Xptxas -v $(tr ' ' '\n' <<<"$options" | grep '^-DCONV' | tr '\n' ' ') -o "$2/$name.cubin" "$source" 2>&1 |
    awk -v name="$name" '/spill/ {spill = $5 + $9} /Used/ {print name, $5, "registers, spilled bytes", spill} /error|warning/ {print name, $0}'
done
