# Shared by the scripts next to it; to be sourced, not run.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What is expensive to make (the broker image's parts) and what must outlive a
# checkout (dockerd's log) is kept beside the user's other caches. These
# variables don't start with WEIR_, since the binary refuses names it doesn't know.
CACHE=${BUILD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir}

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() { say "$@"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Only there may these scripts install something by themselves.
debian_root() { [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && have apt-get; }

# apt_install PACKAGE...
apt_install() {
  say "installing $* with apt-get"
  apt-get -qq update &&
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" >/dev/null
}

# lock NAME: two test runs of one user may start together; what only one of them
# may do at a time runs between this call and the end of the process.
lock() {
  mkdir -p "$CACHE"
  have flock || return 0
  exec 9>"$CACHE/$1.lock"
  flock 9
}

# pull IMAGE: true if the image is there now. A machine without a registry must
# find that out quickly, so the first word of the registry is waited for only a
# short time; a download that has begun may take as long as it needs.
pull() {
  local image=$1 limit=${REGISTRY_TIMEOUT:-15} out pid i rc=0
  docker image inspect "$image" >/dev/null 2>&1 && return 0
  out=$(mktemp)
  docker pull "$image" >"$out" 2>/dev/null 9>&- & pid=$!
  for ((i = 0; i < limit * 5; i++)); do
    [ -s "$out" ] && break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  [ -s "$out" ] || kill "$pid" 2>/dev/null || true
  wait "$pid" || rc=$?
  rm -f "$out"
  return "$rc"
}

# build ARG...: docker build, with the old builder where the client lacks buildx.
build() {
  if docker buildx version >/dev/null 2>&1; then
    docker build "$@"
  else
    DOCKER_BUILDKIT=0 docker build "$@" 2> >(grep -v -e DEPRECATED -e buildx -e '^ *$' >&2)
  fi
}

# unpack_debs DIR PACKAGE...: lays the files of Debian packages out below DIR as
# the start of a root file system, without running any package's scripts.
unpack_debs() {
  local dir=$1 deb d
  shift
  deb=$(mktemp -d)
  have apt-get && have dpkg-deb || die "unpacking a base image needs apt-get and dpkg-deb (Debian or Ubuntu)"
  # apt's lists may be missing or name versions that the mirror no longer has.
  (cd "$deb" && apt-get -qq -o APT::Sandbox::User=root download "$@" 2>/dev/null) ||
    { debian_root && apt-get -qq update && (cd "$deb" && apt-get -qq -o APT::Sandbox::User=root download "$@"); } ||
    die "apt-get download $* failed; try: sudo apt-get update"
  mkdir -p "$dir"/{usr/{bin,sbin,lib,lib64},etc,tmp,proc,sys,dev,root,run,var/log,var/lib,home}
  for d in bin sbin lib lib64; do ln -sfn "usr/$d" "$dir/$d"; done
  # --keep-directory-symlink: /lib is a link here and a directory inside packages
  for d in "$deb"/*.deb; do dpkg-deb --fsys-tarfile "$d" | tar -x --keep-directory-symlink -C "$dir"; done
  rm -rf "$deb" "$dir"/usr/share/{doc,man,locale,info,lintian,gdb,menu,bash-completion} "$dir"/usr/lib/*/gconv
  printf 'root:x:0:0::/root:/bin/sh\n' >"$dir/etc/passwd"
  printf 'root:x:0:\n' >"$dir/etc/group"
  printf 'hosts: files dns\n' >"$dir/etc/nsswitch.conf"
}
