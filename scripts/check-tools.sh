#!/usr/bin/env bash
# Checks what building and testing need and can't fetch by themselves, all at
# once, and says how to get what is missing. On Debian as root it installs what
# apt-get has. Docker and the broker image have scripts of their own.
#   check-tools.sh build | test
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

missing=()
need() { missing+=("$1"); }

want=$(awk '$1 == "go" {print $2}' "$ROOT/go.mod")
# newer A B: version A is B or later
newer() { [ "$(printf '%s\n' "$2" "$1" | sort -V | head -1)" = "$2" ]; }
if ! have go; then
  need "Go ${want%.*} or later: https://go.dev/dl/ (distributions often have an older one)"
elif ! version=$(cd "$ROOT" && go env GOVERSION 2>&1); then
  # An old tool chain fetches the one that go.mod names, if it may.
  need "Go $want; this one can't fetch it: $version"
elif ! newer "${version#go}" "$want"; then
  need "Go $want or later (found ${version#go}): https://go.dev/dl/"
fi

# The Kafka client is a C library, linked in through cgo.
compiles() {
  local cc dir rc=0
  cc=$(go env CC 2>/dev/null) || cc=${CC:-cc}
  dir=$(mktemp -d)
  printf '#include <stdlib.h>\nint main(void) { return 0; }\n' >"$dir/a.c"
  # CC may hold options
  # shellcheck disable=SC2086
  $cc -o "$dir/a" "$dir/a.c" >/dev/null 2>&1 || rc=1
  rm -rf "$dir"
  return $rc
}
if ! compiles; then
  { debian_root && apt_install gcc libc6-dev && compiles; } ||
    need "a C compiler with the C library's headers (Debian, Ubuntu: sudo apt-get install gcc libc6-dev; Fedora: sudo dnf install gcc; macOS: xcode-select --install)"
fi
if have go && [ "$(go env CGO_ENABLED)" != 1 ]; then
  need "cgo turned on (CGO_ENABLED=1): the Kafka client is a C library"
fi

if [ "${1:-build}" = test ]; then
  for t in git tar awk cksum timeout; do
    have "$t" || need "$t"
  done
fi

[ ${#missing[@]} -eq 0 ] && exit 0
say "missing:"
printf '  - %s\n' "${missing[@]}" >&2
exit 1
