#!/bin/bash
# Compiles variants of conv_hopper, named by their options:
#   conv_hopper_build.sh FOLDER k0_e0_i128_w128_t1_b2_g2_a2_s0 ...
set -e
here=$(cd "$(dirname "$0")" && pwd)
folder=$1; shift
for name in "$@"; do
  options=
  for option in k:KIND e:E4M3 i:INPUT w:WIDTH t:TILES b:BLOCKS g:GROUPS a:ACTIVATION s:STORE; do
    value=$(grep -oE "(^|_)${option%:*}[0-9]+" <<< "$name" | grep -oE '[0-9]+$')
    options="$options -DCONV_${option#*:}=$value"
  done
  nvcc -std=c++17 -cubin -gencode=arch=compute_90a,code=sm_90a $options -o "$folder/$name.cubin" "$here/../../main/cuda/conv_hopper.cu"
done
