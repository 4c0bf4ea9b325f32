# shellcheck shell=bash
# Sourced by up.sh. build STAGING: an OpenSearch home for $VERSION with the security plugin, and its certificates.
# Central's "integ-test-zip" is the plain server distribution; the plugin's zip is the released one.

build() {
  local home=$1/home dl=$1/dl server=opensearch-$VERSION.zip plugin=opensearch-security-$VERSION.0.zip
  need mvn unzip openssl
  mkdir "$dl"
  get "org.opensearch.distribution.integ-test-zip:opensearch:$VERSION:zip" "$dl"
  get "org.opensearch.plugin:opensearch-security:$VERSION.0:zip" "$dl"
  unzip -q "$dl/$server" -d "$1"
  mv "$1/opensearch-$VERSION" "$home"

  [ "$MAJOR" = 2 ] || without_rule_framework "$dl/$plugin"
  JAVA_HOME=$JDK OPENSEARCH_JAVA_HOME=$JDK "$home/bin/opensearch-plugin" install --batch "file://$dl/$plugin" \
    > "$1/install.log" 2>&1 || { cat "$1/install.log" >&2; fail "the security plugin could not be installed"; }
  # a library that the same missing module would have brought along
  [ "$MAJOR" = 2 ] || get org.apache.commons:commons-collections4:4.4:jar "$home/plugins/opensearch-security"

  certificates "$1/certs"
  rm -r "$dl"
  chmod -R a+rX "$1"
}

# From 3.x on the plugin asks for a module that is not on Central. Only workload management uses it, so it is declared
# optional, as workload management itself is.
without_rule_framework() {
  local zip=$1 dir; dir=$(dirname "$1")
  unzip -q -o "$zip" plugin-descriptor.properties -d "$dir"
  sed -i '/^extended.plugins=/s/rule-framework$/rule-framework;optional=true/' "$dir/plugin-descriptor.properties"
  "$JDK/bin/jar" -uMf "$zip" -C "$dir" plugin-descriptor.properties
}

# The plugin insists on TLS between nodes, even where there is one: a throw-away authority and a node certificate.
certificates() {
  local dir=$1
  mkdir "$dir"
  {
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /O=mlgate-test/CN=ca -keyout "$dir/ca.key" -out "$dir/ca.pem"
    openssl req -newkey rsa:2048 -nodes -subj /O=mlgate-test/CN=node -keyout "$dir/node.key" -out "$dir/node.csr"
    openssl x509 -req -days 3650 -in "$dir/node.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -out "$dir/node.pem" \
      -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n')
  } 2>> "$dir/openssl.log" || { cat "$dir/openssl.log" >&2; fail "openssl failed"; }
  rm "$dir"/{ca.key,node.csr,openssl.log}
}
