#!/usr/bin/env bash
# Builds the image of Weir: with the public base images where a registry can be
# reached, else with local ones made from the packages of this machine.
#   image.sh [tag]     VERSION names the version that the binary reports
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tag=${1:-weir:dev}
version=${VERSION:-dev}
bases=()
for arg in BUILDER RUNTIME; do
  image=$(sed -n "s/^ARG $arg=//p" "$ROOT/Dockerfile")
  if ! pull "$image"; then
    say "$image can't be pulled from here; using local base images"
    mapfile -t bases < <(VERSION=$version "$ROOT/scripts/base-image.sh")
    [ ${#bases[@]} -eq 2 ] || die "scripts/base-image.sh failed"
    break
  fi
done
mkdir -p "$CACHE"
log=$CACHE/image.log
build -t "$tag" --build-arg VERSION="$version" ${bases[@]+--build-arg "${bases[0]}" --build-arg "${bases[1]}"} "$ROOT" >"$log" 2>&1 ||
  { tail -40 "$log" >&2; die "docker build failed; whole log: $log"; }
# What the build before this one left without a name would pile up.
for l in weir.stage=build org.opencontainers.image.title=weir; do
  docker image prune -f --filter "label=$l" >/dev/null || true
done

# An image that can't start is no image: the loader finds its libraries, and the user is not root.
docker run --rm --network none "$tag" version >/dev/null || die "$tag can't run 'processor version'"
user=$(docker image inspect -f '{{.Config.User}}' "$tag")
case $user in "" | 0 | 0:* | root*) die "$tag runs as root (user '$user')" ;; esac
say "built $tag in $SECONDS s ($(docker image inspect -f '{{.Size}}' "$tag" | awk '{printf "%.0f MB", $1/1e6}'))"
