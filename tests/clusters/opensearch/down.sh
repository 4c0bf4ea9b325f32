#!/usr/bin/env bash
# down.sh WORKDIR: stops the node that up.sh started there.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
down "${1:?usage: down.sh WORKDIR}"
