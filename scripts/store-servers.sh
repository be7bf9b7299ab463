#!/usr/bin/env bash
# Makes the servers that the integration tests of checkpoint stores use, under .bin:
# an S3 gateway, a MinIO and a GCS double from the Go module proxy, an Azure double from npm,
# a small HDFS from Maven. Each is made once for a version; internal/objecttest starts them.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

VERSITYGW=v1.8.0
MINIO=v0.0.0-20260212201848-7aac2a2c5b7c # it has no versions that Go knows
FAKE_GCS=v1.56.1
AZURITE=3.35.0
HADOOP=3.4.3

bin=$ROOT/.bin
new=$bin/new-server   # made there and renamed when complete: an interrupted build leaves no half
mkdir -p "$bin"
lock store-servers
step() { say "$1"; rm -rf "$new"; mkdir -p "$new"; }

# tool WHAT COMMAND PACKAGE: installs what is missing where these scripts may, else says how to get it.
tool() {
  have "$2" && return
  debian_root && apt_install "$3" && have "$2" && return
  die "$1 needs $2, which is missing. Get it (Debian, Ubuntu: sudo apt-get install $3; macOS: brew install ${4:-$3})."
}

go_server() { # go_server NAME PACKAGE VERSION
  [ -x "$bin/$1-$3" ] && return
  step "building $1 $3"
  (cd "$ROOT" && GOBIN=$new go install "$2@$3")
  mv "$new/$1" "$bin/$1-$3"
}
go_server versitygw github.com/versity/versitygw/cmd/versitygw $VERSITYGW
go_server minio github.com/minio/minio $MINIO
go_server fake-gcs-server github.com/fsouza/fake-gcs-server $FAKE_GCS

if [ ! -d "$bin/azurite-$AZURITE" ]; then
  tool "the Azure double" node nodejs node
  tool "the Azure double" npm npm node
  step "fetching azurite $AZURITE with npm"
  npm install --silent --no-audit --no-fund --prefix "$new" "azurite@$AZURITE"
  mv "$new" "$bin/azurite-$AZURITE"
fi

recipe=$ROOT/scripts/minidfs
sum=$(cd "$recipe" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 cksum | cksum | cut -d' ' -f1)
if [ "$(cat "$bin/minidfs-$HADOOP/recipe" 2>/dev/null)" != "$sum" ]; then
  tool "the small HDFS" javac openjdk-17-jdk-headless openjdk@17
  tool "the small HDFS" mvn maven
  step "fetching Hadoop $HADOOP with mvn"
  mvn -q -B -Dstyle.color=never -f "$recipe/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -Dhadoop.version=$HADOOP -DoutputDirectory="$new/lib"
  javac -cp "$new/lib/*" -d "$new/classes" "$recipe/MiniDfs.java"
  jar cf "$new/lib/minidfs.jar" -C "$new/classes" . -C "$recipe/conf" .   # a jar: class data sharing refuses folders
  rm -rf "$new/classes" "$bin/minidfs-$HADOOP"
  echo "$sum" >"$new/recipe"
  mv "$new" "$bin/minidfs-$HADOOP"
fi
rm -rf "$new"
