#!/bin/sh
# Installs what distrofirst runs from, then runs it from this checkout:
#
#     sh vagrant/provision.sh                 only sets up
#     sh vagrant/provision.sh ARGUMENT...     sets up, then: distrofirst ARGUMENT...
#
# Debian, Ubuntu and their derivatives; as root, or with sudo. OS packages alone, for the distribution's own python3,
# whatever python3 comes first on PATH. Where all are there already, nothing is asked of apt and no rights are needed.
# DISTROFIRST_ALSO names further OS packages to set up.
set -eu

packages="python3 python3-apt python3-packaging python3-requests python3-resolvelib python3-sh python3-rich
python3-platformdirs python3-tomli-w python3-pip ca-certificates ${DISTROFIRST_ALSO:-}"
checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

# The exit codes are distrofirst's own: 2 bad use, 3 network missing, 4 the package manager failed.
fail() {
    code=$1
    shift
    printf 'distrofirst: %s\n' "$@" >&2
    exit "$code"
}

# The packages among "$@" that are not installed.
missing() {
    for package; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

# Whether apt knows a candidate for each of "$@". Its absence is also what missing lists look like.
known() {
    [ "$(LC_ALL=C.UTF-8 apt-cache policy "$@" | grep -c '^  Candidate: [^(]')" -eq $# ]
}

# As root: apt-get, told not to ask anything.
privileged() {
    if [ "$(id -u)" -eq 0 ]; then
        DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
    elif command -v sudo >/dev/null; then
        printf 'sudo %s\n' "$*" >&2
        sudo env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
    else
        fail 4 "root rights are needed to install: $*" 'neither root nor sudo is here; run this script as root once'
    fi
}

update() {
    privileged apt-get -q -o APT::Update::Error-Mode=any update >&2 ||
        fail 3 'apt could not fetch its package lists (its messages are above)' \
            'check the network and the sources in /etc/apt, then run this again'
}

install() {
    privileged apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends install "$@" >&2
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    # shellcheck source=/dev/null
    name=$(. /etc/os-release 2>/dev/null && printf '%s' "${PRETTY_NAME:-}") || name=
    fail 2 "this system is not supported: ${name:-unknown} has no dpkg and apt-get" \
        'Debian 12 or newer is needed, or a derivative'
fi

# Unquoted on purpose, here and below: a list of names.
# shellcheck disable=SC2086
wanted=$(missing $packages)
if [ -n "$wanted" ]; then
    # shellcheck disable=SC2086
    if ! known $wanted; then
        update
        for package in $wanted; do
            known "$package" || fail 4 "this system's archive has no package $package" \
                'is this Debian 12 or newer, and is its main component (universe on Ubuntu) among the sources in /etc/apt?'
        done
    fi
    # A failure may only mean that the lists are older than the archive.
    # shellcheck disable=SC2086
    if ! install $wanted; then
        update
        # shellcheck disable=SC2086
        install $wanted || fail 4 'apt-get could not install the packages (its messages are above)'
    fi
fi

if [ $# -gt 0 ]; then
    # Not PYTHONPATH and -m: the one would leak into every program that distrofirst starts, the other lets a file in the
    # current folder, a requests.py say, stand in for a module. What sudo pip left in /usr/local shall not, either.
    exec /usr/bin/python3 -I -c '
import runpy, sys
sys.path = [sys.argv.pop(1), *(place for place in sys.path if not place.startswith("/usr/local/"))]
runpy.run_module("resolver", run_name="__main__", alter_sys=True)
' "$checkout" "$@"
fi
