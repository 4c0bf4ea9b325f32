# shellcheck shell=bash
# Shared by the cluster launchers (sourced, not run): find a JDK, build once, start, wait, stop.
# Exit codes of the launchers: 0 up, 77 this machine cannot run it (the reason is printed), else a real failure.

CLUSTERS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE_ROOT=${CLUSTER_CACHE:-$(cd "$CLUSTERS/../.." && pwd)/target/clusters}

fail()   { echo "$*" >&2; exit 1; }
cannot() { echo "cannot run here: $*" >&2; exit 77; }

need() { for tool; do command -v "$tool" >/dev/null || cannot "the program '$tool' is missing"; done; }

# find_jdk MIN [MAX]: sets JDK to the first full JDK of a fitting major version
find_jdk() {
  local min=$1 max=${2:-999} path_java dir major seen=
  path_java=$(readlink -f "$(command -v java || true)") || true
  for dir in "${JAVA_HOME:-}" "${path_java%/bin/java}" /usr/lib/jvm/*; do
    [ -n "$dir" ] && [ -x "$dir/bin/javac" ] && [ -x "$dir/bin/jar" ] || continue
    major=$("$dir/bin/javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
    seen="$seen $dir ($major)"
    [ "${major:-0}" -ge "$min" ] && [ "${major:-0}" -le "$max" ] || continue
    JDK=$dir
    return
  done
  cannot "a JDK from $min${2:+ to $2} is needed (JAVA_HOME, java on PATH and /usr/lib/jvm were looked at; found:${seen:- none})"
}

# get ARTIFACT DIR: one file from Maven Central. Maven runs there, away from any pom.xml of the current folder.
MAVEN_DEPENDENCY=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
get() {
  (cd "$2" && mvn -q -B "$MAVEN_DEPENDENCY:copy" -Dartifact="$1" -DoutputDirectory=. -Dmdep.useBaseVersion=true) >&2 \
    || cannot "Maven could not fetch $1"
}

# built DIR FUNCTION FILE...: calls FUNCTION STAGING unless DIR was made from these very FILEs; one process at a time
built() {
  local dir=$1 make=$2 stamp; shift 2
  stamp=$(find "$@" -type f -print0 | sort -z | xargs -0 cat | sha256sum)
  mkdir -p "$CACHE_ROOT"
  exec 9>"$dir.lock"
  flock 9
  if [ "$(cat "$dir/stamp" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$dir.new"; mkdir "$dir.new"
    "$make" "$dir.new"
    echo "$stamp" > "$dir.new/stamp"
    rm -rf "$dir"; mv "$dir.new" "$dir"
  fi
  exec 9>&-
}

alive() { [ -s "$1/pid" ] && kill -0 "$(cat "$1/pid")" 2>/dev/null; }

# fresh WORKDIR: an empty place for a node, made absolute in WORK
fresh() {
  mkdir -p "$1"; WORK=$(cd "$1" && pwd)
  ! alive "$WORK" || fail "a node is already running from $WORK, pid $(cat "$WORK/pid")"
  (cd "$WORK" && rm -rf data config logs tmp home pid address node.log && mkdir data config logs tmp \
    && : > node.log) # which is read before a node on a busy machine has opened it
}

# ready WORKDIR USER:PASSWORD PATH: waits until the node answers 200, leaves host:port in WORKDIR/address
ready() {
  local work=$1 login=$2 path=$3 deadline=$((SECONDS + 180)) address=
  while [ $SECONDS -lt $deadline ]; do
    alive "$work" || { tail -30 "$work/node.log" >&2; fail "the node died, see $work/node.log"; }
    address=$(sed -n 's/.*HttpServerTransport.*publish_address {\([^}]*\)}.*/\1/p' "$work/node.log" | tail -1)
    if [ -n "$address" ] && [ "$(curl -s -o /dev/null -m 5 -w '%{http_code}' -u "$login" "http://$address$path")" = 200 ]; then
      echo "$address" > "$work/address"
      return
    fi
    sleep 0.2
  done
  tail -30 "$work/node.log" >&2; kill "$(cat "$work/pid")"; fail "the node was not ready in time, see $work/node.log"
}

# down WORKDIR: stops the node by its pid, the hard way if it does not listen
down() {
  local work=$1 pid i
  alive "$work" || { rm -f "$work/pid"; return 0; }
  pid=$(cat "$work/pid")
  kill "$pid"
  for ((i = 0; i < 150; i++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  ! kill -0 "$pid" 2>/dev/null || kill -9 "$pid"
  rm -f "$work/pid"
}

# watch PID WORKDIR: stops the node in WORKDIR when PID is gone, for servers that cannot look for themselves
watch() {
  local pid=$1 work=$2 node; node=$(cat "$2/pid")
  (
    while kill -0 "$pid" 2>/dev/null; do kill -0 "$node" 2>/dev/null || exit 0; sleep 1; done
    [ "$(cat "$work/pid" 2>/dev/null)" != "$node" ] || down "$work"
  ) > /dev/null 2>&1 < /dev/null &
  disown
}
