#!/usr/bin/env bash
# up.sh VERSION WORKDIR PORT [setting=value ...] [watch-pid=PID]
# Starts a fresh node with the security plugin on 127.0.0.1:PORT (0: any free port), and returns when it is ready: pid in
# WORKDIR/pid, host:port in WORKDIR/address, output in WORKDIR/node.log. Superuser: admin / adminpw.
# With watch-pid the node ends when that process does. Environment: HEAP (512m), CLUSTER_CACHE.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../lib.sh"
. "$HERE/build.sh"
[ $# -ge 3 ] || fail "usage: up.sh VERSION WORKDIR PORT [setting=value ...] [watch-pid=PID]"
VERSION=$1 PORT=$3 MAJOR=${1%%.*}
need curl flock sha256sum
case $MAJOR in
  2) find_jdk 17 23 ;; # wants a security manager, which JDK 24 removed
  3) find_jdk 21 ;;
  *) fail "only OpenSearch 2 and 3 are known here" ;;
esac

CACHE=$CACHE_ROOT/opensearch-$VERSION
built "$CACHE" build "$HERE/build.sh"
fresh "$2"; shift 3

# the configuration: the distribution's, ours over it, then what was asked for
cp -r "$CACHE/home/config/." "$HERE/config/." "$WORK/config/"
cp -r "$CACHE/certs" "$WORK/config/certs"
# without the lines that choose the big collector and write a log into the shared home
sed -i -E '/UseG1GC|gc\.log/d' "$WORK/config/jvm.options"
printf 'http.port: %s\npath.data: %s\npath.logs: %s\n' "$PORT" "$WORK/data" "$WORK/logs" >> "$WORK/config/opensearch.yml"
WATCH=
for setting; do
  case $setting in
    watch-pid=*) WATCH=${setting#*=} ;;
    *) echo "${setting%%=*}: ${setting#*=}" >> "$WORK/config/opensearch.yml" ;;
  esac
done

# the server refuses to run as root
AS=()
if [ "$(id -u)" = 0 ]; then
  need setpriv
  AS=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  chown -R 65534:65534 "$WORK"
  for file in "$CACHE/home/bin/opensearch" "$JDK/bin/java" "$WORK/config/opensearch.yml"; do
    "${AS[@]}" test -r "$file" || cannot "run as root, the server must become 'nobody', who may not read $file"
  done
fi

HEAP=${HEAP:-512m}
cd "$WORK"
env -u JAVA_HOME OPENSEARCH_JAVA_HOME="$JDK" OPENSEARCH_PATH_CONF="$WORK/config" OPENSEARCH_TMPDIR="$WORK/tmp" HOME="$WORK/tmp" \
  OPENSEARCH_JAVA_OPTS="-Xms$HEAP -Xmx$HEAP -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-AlwaysPreTouch" \
  setsid "${AS[@]}" "$CACHE/home/bin/opensearch" > node.log 2>&1 < /dev/null &
echo $! > pid
[ -z "$WATCH" ] || watch "$WATCH" "$WORK"
ready "$WORK" admin:adminpw '/_cluster/health?wait_for_status=yellow&timeout=5s'
echo "opensearch $VERSION is up on http://$(cat address), pid $(cat pid)"
