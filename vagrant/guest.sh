#!/bin/sh
# Makes a host ready for the example and shows that it works: what a machine of the Vagrantfile runs, by the shell and by
# Ansible alike. It needs no Vagrant, and can be repeated:
#
#     sh vagrant/guest.sh [FOLDER]    FOLDER is where the environment goes, by default ~/distrofirst-example
#
# As root, or as a user with sudo, which is used for OS packages alone. What stays in the project is the coverage report:
# vagrant/reports/coverage-RELEASE.html and .json. Where the project can only be read, it stays in FOLDER/reports.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=${1:-${HOME:?}/distrofirst-example}
requirements=$here/example/requirements.txt
reports=$here/reports

say() {
    printf '\n== %s\n' "$*"
}

distrofirst() {
    sh "$here/provision.sh" "$@"
}

mkdir -p "$folder"
# The current folder may hold settings of its own, a distrofirst.toml, and be another one each time.
cd -- "$folder"
folder=$(pwd)

say 'the application: its OS packages, its environment, its remainder'
distrofirst install "$requirements" --venv "$folder/venv" --yes

say 'the application works'
"$folder/venv/bin/python" -I -B "$here/example/app.py"

say 'its coverage report'
if ! mkdir -p "$reports" 2>/dev/null || ! [ -w "$reports" ]; then
    printf '%s cannot be written to: the report is in %s\n' "$reports" "$folder/reports"
    reports=$folder/reports
    mkdir -p "$reports"
fi
# Written whole beside the others, then named after the release, which the report itself knows. Several machines may be
# at it at once.
unnamed=$reports/.coverage.$(uname -n).$$
trap 'rm -f "$unnamed.html" "$unnamed.json"' EXIT
distrofirst report --quiet --format json -o "$unnamed.json" "$requirements"
distrofirst report --quiet --format html -o "$unnamed.html" "$requirements"
release=$(sed -n 's/^ *"target": "\(.*\)",*$/\1/p' "$unnamed.json" | tr : -)
for form in html json; do
    mv "$unnamed.$form" "$reports/coverage-${release:?}.$form"
    printf '%s\n' "$reports/coverage-$release.$form"
done
