#!/usr/bin/env bash
# Makes a libtorch for CPUs, of the version that rust-bert wants, out of Python packages: the
# package index has no libtorch by itself. Linux on x86-64; needs python3, fetches some 800 MB.
#
#   eval "$(scripts/setup_libtorch.sh [FOLDER])"
#
# FOLDER is target/libtorch if none is named. What is printed tells a build where it is.
set -euo pipefail
cd "$(dirname "$0")/.."
version=2.4.0
at=$(realpath -m "${1:-target/libtorch}")

if [ ! -f "$at/build-version" ]; then
    mkdir -p "$at/lib"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    python3 -m venv "$work/venv"
    # The package is built for CUDA: its part for CPUs links these two libraries, though it does
    # not use them without a GPU.
    "$work/venv/bin/pip" download --quiet --no-deps --dest "$work" \
        --only-binary=:all: --platform manylinux1_x86_64 --python-version 3.11 \
        "torch==$version" nvidia-cuda-cupti-cu12==12.1.105 nvidia-cuda-runtime-cu12==12.1.105 >&2
    python3 - "$work" "$at" <<'EOF'
import re
import shutil
import sys
import zipfile
from pathlib import Path

work, at = map(Path, sys.argv[1:])
LIBRARIES = r".*/lib/(lib(?:torch_cpu|c10)\.so|lib(?:gomp-.*\.so\.1|cupti\.so\.12|cudart\.so\.12))"
for wheel in work.glob("*.whl"):
    with zipfile.ZipFile(wheel) as files:
        for name in files.namelist():
            if library := re.fullmatch(LIBRARIES, name):
                to = at / "lib" / library[1]
            elif name.startswith("torch/include/") and not name.endswith("/"):
                to = at / name.removeprefix("torch/")
            else:
                continue
            to.parent.mkdir(parents=True, exist_ok=True)
            with files.open(name) as source, open(to, "wb") as target:
                shutil.copyfileobj(source, target)
EOF
    ln -sf libtorch_cpu.so "$at/lib/libtorch.so"
    echo "$version" >"$at/build-version" # last: what it stands in is whole
fi
# The package is built with the older of GCC's two kinds of strings.
echo "export LIBTORCH='$at' LIBTORCH_CXX11_ABI=0"
