package mlgate.node;

import java.util.Map;

import org.apache.lucene.search.TotalHits;
import org.elasticsearch.core.RestApiVersion;
import org.elasticsearch.env.Environment;
import org.elasticsearch.plugins.PluginsLoader;
import org.elasticsearch.rest.RestHandler.Route;
import org.elasticsearch.rest.RestRequest.Method;

/** The few calls that read differently in Elasticsearch 8 and 9: here, 8. */
public final class Compat {
    static PluginsLoader plugins(Environment env) {
        return PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(env.modulesDir()),
            PluginsLoader.loadPluginsBundles(env.pluginsDir()),
            Map.of(),
            false
        );
    }

    public static long count(TotalHits hits) {
        return hits.value;
    }

    /** A route that a client speaking REST version 7 may still reach by its old path. */
    public static Route route(Method method, String path, String oldPath) {
        return Route.builder(method, path).replaces(method, oldPath, RestApiVersion.V_7).build();
    }
}
