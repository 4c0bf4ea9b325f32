# shellcheck shell=bash
# Sourced by the commands here: Python with what the harness draws and serves with, below target/.
BENCH_VENV=target/bench/venv
BENCH_PYTHON=$BENCH_VENV/bin/python
if ! cmp -s bench/requirements.txt "$BENCH_VENV/installed.txt"; then
  mkdir -p target/bench
  python3 -m venv "$BENCH_VENV" 2> /dev/null || {
    apt-get update -q && apt-get install -qy --no-install-recommends python3-venv
    python3 -m venv "$BENCH_VENV"
  }
  "$BENCH_PYTHON" -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
  cp bench/requirements.txt "$BENCH_VENV/installed.txt"
fi
