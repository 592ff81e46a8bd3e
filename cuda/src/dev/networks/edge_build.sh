#!/bin/bash
# Compiles variants of the outer layers' kernels to machine code: ./edge_build.sh FOLDER NAME..., such as
# first-a0-c3-n128-e1-w3-r8-m1. Letters stand for the options of the kernels (see edge_variant.h).
set -e
folder=$1
shift
kernels=$(dirname "$0")/../../main/cuda
declare -A options=([a]=ACTIVATION [n]=N [e]=EPILOGUE [w]=WARPGROUPS [r]=ROWS [g]=GAMMA_SHARED [m]=WGMMA
  [k]=NORM_COLUMNS [h]=HALF_X [s]=SYMBOLS [p]=PREFETCH)
for name in "$@"; do
  IFS=- read -ra parts <<< "$name"
  options[c]=C_IN
  [ "${parts[0]}" = last ] && options[c]=CHANNELS
  arch=sm_${TESSERA_ARCH:-80}
  define=()
  for part in "${parts[@]:1}"; do
    define+=("-D${options[${part:0:1}]}=${part:1}")
    [ "$part" = m1 ] && arch=sm_90a
    [ "$part" = a1 ] && [ "$arch" = sm_80 ] && arch=sm_89
  done
  nvcc -std=c++17 -fmad=false -arch=$arch -diag-suppress 177 -Xptxas -v "${define[@]}" -cubin \
    -o "$folder/$name.cubin" "$kernels/edge_${parts[0]}.cu" 2>&1 | grep -E "error|C75|spill|Used" \
    | sed "s/^ptxas info *:/$name:/; s/^ */$name: /"
done
