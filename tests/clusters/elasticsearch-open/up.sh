#!/usr/bin/env bash
# up.sh VERSION WORKDIR PORT [setting=value ...] [watch-pid=PID]
# Starts a fresh node without security on 127.0.0.1:PORT (0: any free port), and returns when it is ready: pid in
# WORKDIR/pid, host:port in WORKDIR/address, output in WORKDIR/node.log. Elastic publishes no security for 6.x and 7.x.
# With watch-pid the node ends when that process does. Environment: HEAP (512m), CLUSTER_CACHE.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../lib.sh"
[ $# -ge 3 ] || fail "usage: up.sh VERSION WORKDIR PORT [setting=value ...] [watch-pid=PID]"
VERSION=$1 PORT=$3
MAJOR=${VERSION%%.*}
[ "$MAJOR" = 6 ] || [ "$MAJOR" = 7 ] || fail "only Elasticsearch 6 and 7 are known here"
need curl flock sha256sum
find_jdk 17

build() {
  need mvn
  mkdir -p "$1"/{lib,node}
  mvn -q -B -f "$HERE/pom.xml" -Des.version="$VERSION" "$MAVEN_DEPENDENCY:copy-dependencies" \
    -DincludeScope=runtime -DoutputDirectory="$1/lib" >&2 || cannot "Maven could not fetch Elasticsearch $VERSION"
  "$JDK/bin/javac" -nowarn -Xlint:-options --release 17 -cp "$1/lib/*" -d "$1/node" "$HERE"/node/*.java "$HERE/node/$MAJOR"/*.java \
    || fail "javac failed"
}

HOME_DIR=$CACHE_ROOT/elasticsearch-open-$VERSION
built "$HOME_DIR" build "$HERE"/{pom.xml,up.sh,node/Launcher.java,node/"$MAJOR"}

fresh "$2"; shift 3
cp "$HERE"/config/* "$WORK/config/"
WATCH= SETTINGS=()
for setting; do
  case $setting in
    watch-pid=*) WATCH=${setting#*=} ;;
    *) SETTINGS+=("$setting") ;;
  esac
done
cd "$WORK"
HEAP=${HEAP:-512m}
setsid "$JDK/bin/java" -Xms"$HEAP" -Xmx"$HEAP" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.io.tmpdir="$WORK/tmp" \
  -cp "$HOME_DIR/node:$HOME_DIR/lib/*" mlgate.node.Launcher "$WORK" http.port="$PORT" "${SETTINGS[@]}" \
  > node.log 2>&1 < /dev/null &
echo $! > pid
[ -z "$WATCH" ] || watch "$WATCH" "$WORK"
ready "$WORK" nobody:nothing '/_cluster/health?wait_for_status=yellow&timeout=5s'
echo "elasticsearch $VERSION is up on http://$(cat address), pid $(cat pid)"
