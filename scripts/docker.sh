#!/usr/bin/env bash
# Makes sure that a Docker engine answers: uses the one that runs; else, on
# Debian as root, installs one and starts it in the background; else says what
# to do. It leaves the engine running for the next call.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

answers() { timeout 10 docker info >/dev/null 2>&1; }

have docker && answers && exit 0
lock docker
have docker && answers && exit 0   # somebody else started it meanwhile

if ! debian_root; then
  if have docker; then
    reason=$(timeout 10 docker info 2>&1 >/dev/null | tail -1 || true)
    die "Docker's client is here, but no engine answers: ${reason:-no answer within 10 s}
  Start Docker (Docker Desktop, or: sudo systemctl start docker), or set DOCKER_HOST,
  and see that your user may use it (sudo usermod -aG docker \$USER, then log in again)."
  fi
  die "Docker is missing. Get it from https://docs.docker.com/get-docker/ and start it."
fi

if ! have dockerd || ! have docker || ! have iptables; then
  apt_install docker.io iptables || die "apt-get could not install docker.io and iptables"
fi

log=$CACHE/dockerd.log
if [ -d /run/systemd/system ]; then
  systemctl start docker || die "systemctl start docker failed; see: journalctl -u docker"
elif ! answers; then
  say "starting dockerd (log: $log)"
  # Its own session: it must survive this script, make and the terminal. The
  # lock's descriptor is closed, or it would be held as long as dockerd runs.
  setsid nohup dockerd >"$log" 2>&1 </dev/null 9>&- &
fi
for _ in $(seq 60); do
  if answers; then
    say "engine $(docker version -f '{{.Server.Version}}') is ready"
    exit 0
  fi
  sleep 0.5
done
tail -20 "$log" >&2 2>/dev/null || true
die "dockerd was started but does not answer after 30 s; its last lines are above"
