#!/usr/bin/env bash
# Runs the encoder's kernel tests under memory checkers.
#
#   scripts/check_memory.sh           both
#   scripts/check_memory.sh asan      AddressSanitizer, all kernels of this machine (nightly Rust)
#   scripts/check_memory.sh valgrind  valgrind: the portable and AVX2 kernels, all that it emulates
#
# Tile instructions are not seen by AddressSanitizer: their bounds are asserted in amx.rs, and
# the tests hold every shape's result.
set -euo pipefail
cd "$(dirname "$0")/.."
which=${1:-both}

if [ "$which" != valgrind ]; then
    RUSTFLAGS=-Zsanitizer=address ASAN_OPTIONS=detect_leaks=0 \
        cargo +nightly test --release --target x86_64-unknown-linux-gnu \
        -p standpoint-encoder --lib --test parity --test read --test damaged
fi

if [ "$which" != asan ]; then
    binary=$(cargo test --release -p standpoint-encoder --lib --no-run --message-format=json |
        grep -o '"executable":"[^"]*"' | tail -n 1 | cut -d '"' -f 4)
    valgrind --error-exitcode=1 --quiet "$binary" kernel --test-threads=1
fi
echo "no memory errors"
