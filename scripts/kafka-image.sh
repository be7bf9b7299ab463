#!/usr/bin/env bash
# Makes sure that the broker image of the integration tests is there: pulls
# apache/kafka where a registry can be reached; else builds the same layout under
# the same name from Kafka's Maven packages, a few Debian packages and a JDK.
#   kafka-image.sh [image:version]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

image=${1:-${KAFKA_TEST_IMAGE:-apache/kafka:4.3.0}}
version=${image##*:}
recipe=$ROOT/scripts/kafka-image
# A locally built image carries the sum of its recipe, so that a changed recipe
# makes a new one; a pulled image has no such label and is left as it is.
sum=$(cd "$recipe" && { echo "$version"; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 cksum; } | cksum | cut -d' ' -f1)

ready() {
  local l
  l=$(docker image inspect -f '{{index .Config.Labels "weir.recipe"}}' "$image" 2>/dev/null) || return 1
  [ -z "$l" ] || [ "$l" = "<no value>" ] || [ "$l" = "$sum" ]
}
ready && exit 0
lock kafka-image
ready && exit 0

if ! docker image inspect "$image" >/dev/null 2>&1 && pull "$image"; then
  say "pulled $image"
  exit 0
fi
say "$image can't be pulled from here; building the same layout from packages"

# jdk_home: a JDK that can make a small run-time of itself (jlink and its modules).
jdk_home() {
  local d
  for d in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/*17* /usr/lib/jvm/*2[1-9]* /opt/java*; do
    [ -x "$d/bin/jlink" ] && [ -e "$d/jmods/java.base.jmod" ] || continue
    case $("$d/bin/jlink" --version) in 17* | 2[1-9]*) echo "$d"; return 0 ;; esac
  done
  return 1
}

missing=()
have mvn || missing+=(maven)
jdk_home >/dev/null || missing+=(openjdk-17-jdk-headless)
if [ ${#missing[@]} -gt 0 ]; then
  hint="building the broker image needs ${missing[*]}"
  debian_root || die "$hint
  Get them (Debian, Ubuntu: sudo apt-get install ${missing[*]}), or make an image registry reachable so that
  docker pull $image works."
  apt_install "${missing[@]}" || die "$hint, and apt-get could not install them"
fi
jdk=$(jdk_home) || die "no JDK 17 or later with jlink and jmods was found; set JAVA_HOME to one"

ctx=$CACHE/kafka-image/$version
mkdir -p "$ctx"
new=$ctx/new   # every part is made there and renamed when complete: an interrupted build leaves no half
step() { say "$1 ($SECONDS s)"; rm -rf "$new"; mkdir -p "$new"; }

if [ ! -d "$ctx/libs" ]; then
  step "fetching Kafka's jars with mvn"
  JAVA_HOME=$jdk mvn -q -B -Dstyle.color=never -f "$recipe/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -Dkafka.version="$version" -DoutputDirectory="$new"
  mv "$new" "$ctx/libs"
fi
if [ ! -d "$ctx/java" ]; then
  step "making a small Java run-time"
  # java.desktop: log4j-core refers to java.beans
  "$jdk/bin/jlink" --module-path "$jdk/jmods" --output "$new/java" --strip-debug --no-header-files --no-man-pages \
    --add-modules java.base,java.desktop,java.logging,java.management,java.management.rmi,java.naming,java.net.http,java.scripting,java.security.jgss,java.security.sasl,java.sql,java.xml,jdk.crypto.ec,jdk.jcmd,jdk.management,jdk.management.agent,jdk.net,jdk.security.auth,jdk.security.jgss,jdk.unsupported,jdk.zipfs
  rm -rf "$new"/java/legal "$new"/java/lib/lib{awt*,fontmanager,javajpeg,jsound,lcms,mlib_image,splashscreen,jawt}.so
  mv "$new/java" "$ctx/java"
fi
if [ ! -d "$ctx/base" ]; then
  step "unpacking Debian packages"
  unpack_debs "$new" bash busybox-static libc6 libtinfo6 libgcc-s1 libstdc++6 zlib1g
  ln -sf bash "$new/usr/bin/sh"
  mv "$new" "$ctx/base"
fi
step "docker build"
rm -rf "$new" "$ctx/files"
cp -a "$recipe/files" "$recipe/Dockerfile" "$ctx/"
log=$ctx/build.log
build --network none --label weir.recipe="$sum" -t "$image" "$ctx" >"$log" 2>&1 ||
  { tail -40 "$log" >&2; die "docker build failed; whole log: $log"; }
say "built $image in $SECONDS s ($(docker image inspect -f '{{.Size}}' "$image" | awk '{printf "%.0f MB", $1/1e6}'))"
