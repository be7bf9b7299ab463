#!/usr/bin/env bash
# Makes the two base images of the Dockerfile without any registry, from Debian
# packages and this machine's tool chain, and prints the build arguments that
# name them:
#   BUILDER=weir-local/builder   busybox and the binary, compiled on this machine
#   RUNTIME=weir-local/runtime   C library, roots of trust, time zones
# Both have the C library of this machine's Debian release, so they fit each other.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lock base-image
ctx=$CACHE/base-image
mkdir -p "$ctx"

if [ ! -d "$ctx/runtime" ]; then
  rm -rf "$ctx/new"
  unpack_debs "$ctx/new" libc6 libgcc-s1 ca-certificates tzdata
  # What the package's own script would have done.
  mkdir -p "$ctx/new/etc/ssl/certs"
  find "$ctx/new/usr/share/ca-certificates" -name '*.crt' -print0 | LC_ALL=C sort -z |
    xargs -0 cat >"$ctx/new/etc/ssl/certs/ca-certificates.crt"
  printf 'nonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n' >>"$ctx/new/etc/passwd"
  printf 'nonroot:x:65532:\n' >>"$ctx/new/etc/group"
  chmod 1777 "$ctx/new/tmp"
  mv "$ctx/new" "$ctx/runtime"
fi
if [ ! -d "$ctx/busybox" ]; then
  rm -rf "$ctx/new"
  unpack_debs "$ctx/new" busybox-static
  ln -s busybox "$ctx/new/usr/bin/sh"
  ln -s busybox "$ctx/new/usr/bin/["
  mv "$ctx/new" "$ctx/busybox"
fi
# Root's files in the images, whoever makes them.
pack() { tar -C "$1" --owner=0 --group=0 --numeric-owner -c .; }
pack "$ctx/runtime" | docker import - weir-local/runtime >/dev/null

rm -rf "$ctx/builder"
cp -a "$ctx/busybox" "$ctx/builder"
mkdir -p "$ctx/builder/out/bin" "$ctx/builder/out/data"
(cd "$ROOT" && CGO_ENABLED=1 go build -tags disable_grpc_modules -trimpath -ldflags "-s -w -X main.version=${VERSION:-dev}" \
  -o "$ctx/builder/out/bin/processor" ./cmd/processor)
pack "$ctx/builder" | docker import --change 'ENV PATH=/usr/bin' --change 'LABEL weir.stage=build' - weir-local/builder >/dev/null
rm -rf "$ctx/builder"

echo BUILDER=weir-local/builder
echo RUNTIME=weir-local/runtime
