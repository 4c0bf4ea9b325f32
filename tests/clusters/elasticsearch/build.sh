# shellcheck shell=bash
# Sourced by up.sh. build STAGING: collects a server home for $VERSION: lib/ (the server's class path), node/ (our
# launcher) and modules/NAME/ (plugins, which must each come from a folder of their own).

build() {
  local home=$1
  need mvn unzip
  mkdir -p "$home"/{lib,node,modules,plugins,schema}
  mvn -q -B -f "$HERE/pom.xml" -Des.version="$VERSION" "$MAVEN_DEPENDENCY:copy-dependencies" \
    -DincludeScope=runtime -DoutputDirectory="$home/lib" >&2 || cannot "Maven could not fetch Elasticsearch $VERSION"
  released x-pack-core
  released x-pack-security
  results_mapping

  compile "$home/node" "$home/lib/*" "$HERE"/node/*.java "$HERE/node/$MAJOR"/*.java
  ours stand-ins mlgate.standins.StandIns "$HERE/standins"
  ours oracle mlgate.oracle.OraclePlugin "$HERE/oracle" x-pack-core
}

compile() {
  local to=$1 path=$2; shift 2
  "$JDK/bin/javac" -nowarn -Xlint:-options --release "$JAVA" -cp "$path" -d "$to" "$@" || fail "javac failed on $*"
}

# a released plugin: the descriptor lies in the jar. Its Java module name goes, as this server runs from a class path.
released() {
  local name=$1 to=$home/modules/$1
  mkdir "$to"
  mv "$home/lib/$name-$VERSION.jar" "$to/"
  unzip -p "$to/$name-$VERSION.jar" "META-INF/es-plugins/$name/plugin-descriptor.properties" \
    | grep -v -E '^(#|modulename)' > "$to/plugin-descriptor.properties"
}

# Elastic's own mapping of the results indices, for tests that want it: schema/results_index_mappings.json, with its
# placeholders filled in. Central has no such jar for 9, so there it is the one of the last 8.
results_mapping() {
  local version=$VERSION to=$home/lib
  [ "$MAJOR" = 8 ] || { version=8.19.21; to=$home/schema; }
  get "org.elasticsearch.plugin:x-pack-template-resources:$version:jar" "$to"
  unzip -p "$to/x-pack-template-resources-$version.jar" ml/anomalydetection/results_index_mappings.json \
    | sed "s/\${xpack.ml.version}/$version/; s/\${xpack.ml.managed.index.version}/1/" > "$home/schema/results_index_mappings.json"
}

# a plugin of ours: NAME CLASS SOURCES [NAME OF THE PLUGIN IT BUILDS ON]
ours() {
  local name=$1 class=$2 sources=$3 parent=${4:-} to=$home/modules/$1 classes
  mkdir "$to"; classes=$(mktemp -d)
  compile "$classes" "$home/lib/*:$home/node${parent:+:$home/modules/$parent/*}" "$sources"/*.java
  "$JDK/bin/jar" cf "$to/$name.jar" -C "$classes" .
  rm -r "$classes"
  cat > "$to/plugin-descriptor.properties" <<END
name=$name
description=mlgate test support
classname=$class
version=$VERSION
elasticsearch.version=$VERSION
java.version=$JAVA
extended.plugins=$parent
END
}
