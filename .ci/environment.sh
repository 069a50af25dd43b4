#!/bin/sh
# Make .venv if need be, install the project with one extra into it, leave a stamp.
#
#     sh .ci/environment.sh EXTRA [options for the installer]
#
# uses uv when it is on the PATH, else python3 -m venv and pip.
set -eu

extra=$1
shift
python=${PYTHON:-python3}
stamps=.venv/installed

say() { printf '== %s\n' "$*"; }
fail() {
    printf 'jaxsim: %s\n' "$*" >&2
    exit 1
}
works() { "$@" >/dev/null 2>&1; }
have_uv() { works command -v uv; }
new_enough() { works "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; }

# what holds this extra already: test and docs bring the demo's, dev brings all
for larger in $(case $extra in
    demo) echo 'test docs dev' ;;
    test | lint | docs) echo dev ;;
esac); do
    stamp=$stamps/$larger
    if [ -e "$stamp" ] && [ -z "$(find pyproject.toml constraints.txt -newer "$stamp")" ]; then
        touch "$stamps/$extra"
        exit 0
    fi
done

if ! new_enough .venv/bin/python; then
    if have_uv; then
        say "making .venv with uv"
        if new_enough "$python"; then
            uv venv --quiet --clear --python "$python" .venv
        else
            uv venv --quiet --clear --python '>=3.11' .venv
        fi
    else
        works command -v "$python" ||
            fail "no $python on the PATH; install Python 3.11 or newer, or say make PYTHON=/where/it/is"
        new_enough "$python" ||
            fail "$("$python" --version) is too old; jaxsim needs 3.11 or newer: make PYTHON=python3.12"
        works "$python" -c 'import ensurepip, venv' ||
            fail "$python has no venv module; on Debian and Ubuntu: apt install python3-venv"
        say "making .venv with $("$python" --version)"
        "$python" -m venv --clear .venv
    fi
fi

say "installing jaxsim with its '$extra' extra into .venv (the first time takes minutes)"
hint="the installation failed (see above). Pinned versions that your Python or machine lacks? try: make PINS= $extra"
if have_uv; then
    uv pip install --quiet --python .venv/bin/python "$@" -e ".[$extra]" || fail "$hint"
else
    works .venv/bin/python -m pip --version || .venv/bin/python -m ensurepip --upgrade >/dev/null
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" -e ".[$extra]" ||
        fail "$hint"
fi

mkdir -p "$stamps"
touch "$stamps/$extra"
