#!/bin/sh
# Starts Tessera with the Java that lies beside this script; needs nothing else.
set -eu

self=$0
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case "$link" in
    /*) self=$link ;;
    *) self=$(dirname "$self")/$link ;;
  esac
done
root=$(CDPATH='' cd "$(dirname "$self")" && pwd -P)

export ORT_DISABLE_TELEMETRY=1
TESSERA_KERNELS="$root/kernels${TESSERA_KERNELS:+:$TESSERA_KERNELS}"
export TESSERA_KERNELS

# From the second start on, loaded classes come from an archive, if there is a place for it.
archive=
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
if [ -n "$cache" ] && mkdir -p "$cache/tessera" 2>/dev/null && [ -w "$cache/tessera" ]; then
  archive=$cache/tessera/runtime-image.jsa
fi

# shellcheck disable=SC2086
exec "$root/runtime/bin/java" \
  ${archive:+-XX:+AutoCreateSharedArchive "-XX:SharedArchiveFile=$archive"} -Xlog:disable \
  -XX:+UseParallelGC --sun-misc-unsafe-memory-access=allow \
  -Djava.awt.headless=true "-Donnxruntime.native.path=$root/native" \
  ${JAVA_OPTS:-} -jar "$root/app/tessera-cli.jar" "$@"
