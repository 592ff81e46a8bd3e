#!/bin/bash
# Compiles a variant of conv_hopper, named by its options: conv_hopper_build.sh FOLDER k0_e0_i128_w128_t1_b2_g2_a2_s0 ...
set -e
here=$(cd "$(dirname "$0")" && pwd)
folder=$1; shift
for name in "$@"; do
  options=$(sed -E 's/^k([0-9]+)_e([0-9]+)_i([0-9]+)_w([0-9]+)_t([0-9]+)_b([0-9]+)_g([0-9]+)_a([0-9]+)_s([0-9]+).*$/-DCONV_KIND=\1 -DCONV_E4M3=\2 -DCONV_INPUT=\3 -DCONV_WIDTH=\4 -DCONV_TILES=\5 -DCONV_BLOCKS=\6 -DCONV_GROUPS=\7 -DCONV_ACTIVATION=\8 -DCONV_STORE=\9/' <<< "$name")
  nvcc -std=c++17 -cubin -gencode=arch=compute_90a,code=sm_90a $EXTRA $options -o "$folder/$name.cubin" "$here/../../main/cuda/conv_hopper.cu"
done
