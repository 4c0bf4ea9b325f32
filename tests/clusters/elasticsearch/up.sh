#!/usr/bin/env bash
# up.sh VERSION WORKDIR PORT [setting=value ...] [watch-pid=PID]
# Starts a fresh node with genuine security and our oracle on 127.0.0.1:PORT (0: any free port), and returns when it is
# ready: pid in WORKDIR/pid, host:port in WORKDIR/address, output in WORKDIR/node.log. Superuser: elastic / elasticpw.
# With watch-pid the node ends when that process does. Environment: HEAP (512m), CLUSTER_CACHE.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../lib.sh"
. "$HERE/build.sh"
[ $# -ge 3 ] || fail "usage: up.sh VERSION WORKDIR PORT [setting=value ...] [watch-pid=PID]"
VERSION=$1 PORT=$3 MAJOR=${1%%.*}
case $MAJOR in
  8) JAVA=17 FLAGS=() ;;
  9) JAVA=21 FLAGS=(--enable-native-access=ALL-UNNAMED -Des.nativelibs.path=none) ;;
  *) fail "only Elasticsearch 8 and 9 are known here" ;;
esac
need curl flock sha256sum
find_jdk $JAVA

HOME_DIR=$CACHE_ROOT/elasticsearch-$VERSION
built "$HOME_DIR" build "$HERE"/{pom.xml,build.sh,node,standins,oracle}

fresh "$2"; shift 3
cp "$HERE"/config/* "$WORK/config/"
cd "$WORK"
HEAP=${HEAP:-512m}
# made for short lives: the plain collector and the first compiler only
setsid "$JDK/bin/java" -Xms"$HEAP" -Xmx"$HEAP" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.io.tmpdir="$WORK/tmp" \
  "${FLAGS[@]}" -cp "$HOME_DIR/node:$HOME_DIR/lib/*" mlgate.node.Launcher "$HOME_DIR" "$WORK" \
  http.port="$PORT" "$@" > node.log 2>&1 < /dev/null &
echo $! > pid
# /_license answers last: before it does, licence-dependent rules are not in force
ready "$WORK" elastic:elasticpw /_license
echo "elasticsearch $VERSION is up on http://$(cat address), pid $(cat pid)"
