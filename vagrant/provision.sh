#!/bin/sh
# Installs what distrofirst runs from, then runs it from this checkout:
#
#     sh vagrant/provision.sh                 only sets up
#     sh vagrant/provision.sh ARGUMENT...     sets up, then: distrofirst ARGUMENT...
#
# Debian, Ubuntu, Fedora, Enterprise Linux, openSUSE and SLE; as root, or with sudo. OS packages alone, for the
# distribution's own Python, whatever python3 comes first on PATH. Where all are there already, nothing is asked of the
# package manager and no rights are needed. DISTROFIRST_ALSO names further OS packages to set up.
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

# The exit codes are distrofirst's own: 2 bad use, 3 network missing, 4 the package manager failed.
fail() {
    code=$1
    shift
    printf 'distrofirst: %s\n' "$@" >&2
    exit "$code"
}

# As root: a package manager, told not to ask anything.
privileged() {
    if [ "$(id -u)" -eq 0 ]; then
        DEBIAN_FRONTEND=noninteractive ZYPP_LOCK_TIMEOUT=300 LC_ALL=C.UTF-8 "$@"
    elif command -v sudo >/dev/null; then
        printf 'sudo %s\n' "$*" >&2
        sudo env DEBIAN_FRONTEND=noninteractive ZYPP_LOCK_TIMEOUT=300 LC_ALL=C.UTF-8 "$@"
    else
        fail 4 "root rights are needed to install: $*" 'neither root nor sudo is here; run this script as root once'
    fi
}

fact() {
    # shellcheck source=/dev/null
    (. /etc/os-release 2>/dev/null && eval "printf '%s' \"\${$1:-}\"")
}

# --- apt -------------------------------------------------------------------------------------------------------------

# The packages among "$@" that are not installed.
apt_missing() {
    for package; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

# Whether apt knows a candidate for each of "$@". Its absence is also what missing lists look like.
apt_known() {
    [ "$(LC_ALL=C.UTF-8 apt-cache policy "$@" | grep -c '^  Candidate: [^(]')" -eq $# ]
}

# A machine that was just started updates itself. apt waits for the lock of its lists for nobody.
apt_update() {
    attempts=60
    exec 3>&2
    while :; do
        code=0
        # What apt does is shown as it comes, what it complains of when it has ended.
        said=$(privileged apt-get -q -o APT::Update::Error-Mode=any update 2>&1 >&3) || code=$?
        [ -z "$said" ] || printf '%s\n' "$said" >&2
        case $code:$said in
        0:*) exec 3>&-; return ;;
        4:*) exit 4 ;; # nobody here has the rights, which was said
        *'Could not get lock'*) ;;
        *)
            fail 3 'apt could not fetch its package lists (its messages are above)' \
                'check the network and the sources in /etc/apt, then run this again'
            ;;
        esac
        attempts=$((attempts - 1))
        [ "$attempts" -gt 0 ] ||
            fail 4 'another package manager is at work (see above)' 'run this again when it has finished'
        sleep 5
    done
}

apt_install() {
    privileged apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 --no-install-recommends install "$@" >&2
}

apt_provide() {
    if ! apt_known "$@"; then
        apt_update
        for package; do
            apt_known "$package" || fail 4 "this system's archive has no package $package" \
                'is this Debian 12 or newer, and is its main component (universe on Ubuntu) among the sources in /etc/apt?'
        done
    fi
    # A failure may only mean that the lists are older than the archive.
    if ! apt_install "$@"; then
        apt_update
        apt_install "$@" || fail 4 'apt-get could not install the packages (its messages are above)'
    fi
}

# --- rpm: dnf and zypper, both asked by what a package provides, for SUSE's own names bear the Python's number ---------

rpm_missing() {
    for capability; do
        rpm -q --quiet --whatprovides "$capability" >/dev/null 2>&1 || printf '%s ' "$capability"
    done
}

dnf_provide() {
    dnf=dnf
    command -v dnf5 >/dev/null && dnf=dnf5
    privileged "$dnf" -y --setopt=install_weak_deps=False install "$@" >&2 ||
        fail 4 "$dnf could not install the packages (its messages are above)" \
            'on Enterprise Linux some of them are in CRB and EPEL'
}

zypper_provide() {
    privileged zypper --non-interactive refresh >&2 || :
    code=0
    privileged zypper --non-interactive install --no-recommends --capability "$@" >&2 || code=$?
    # 106 and 107: done, but a repository was skipped, or a package's script failed (zypper(8)).
    case $code in
    0 | 106 | 107) ;;
    *) fail 4 'zypper could not install the packages (its messages are above)' ;;
    esac
}

# --- which of them ---------------------------------------------------------------------------------------------------

python=python3
bindings=python3-rpm
if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    tool=apt
    bindings=python3-apt
elif command -v zypper >/dev/null && command -v rpm >/dev/null; then
    tool=zypper
elif command -v dnf >/dev/null && command -v rpm >/dev/null; then
    tool=dnf
    case $(fact ID):$(fact VERSION_ID) in
    # Their own python3 is 3.9, which is too old for distrofirst; the one beside it is not.
    centos:9* | rhel:9* | almalinux:9* | rocky:9*) python=python3.11 ;;
    esac
else
    name=$(fact PRETTY_NAME)
    fail 2 "this system is not supported: ${name:-unknown} has neither apt, dnf nor zypper" \
        'Debian 12 or newer, Ubuntu, Fedora, Enterprise Linux 9 or newer, openSUSE or SLE is needed'
fi

packages="$python $bindings ca-certificates ${DISTROFIRST_ALSO:-}"
# Before Python 3.14 the repositories' metadata is unpacked by this program.
[ "$tool" = apt ] || packages="$packages zstd"
for project in packaging requests resolvelib sh rich platformdirs tomli-w pip; do
    packages="$packages $python-$project"
done

missing=${tool}_missing
[ "$tool" = apt ] || missing=rpm_missing
# Unquoted on purpose, here and below: a list of names.
# shellcheck disable=SC2086
wanted=$("$missing" $packages)
if [ -n "$wanted" ]; then
    # shellcheck disable=SC2086
    "${tool}_provide" $wanted
fi

if [ $# -gt 0 ]; then
    # Not PYTHONPATH and -m: the one would leak into every program that distrofirst starts, the other lets a file in the
    # current folder, a requests.py say, stand in for a module. What sudo pip left in /usr/local shall not, either.
    exec "/usr/bin/$python" -I -c '
import runpy, sys
sys.path = [sys.argv.pop(1), *(place for place in sys.path if not place.startswith("/usr/local/"))]
runpy.run_module("resolver", run_name="__main__", alter_sys=True)
' "$checkout" "$@"
fi
