package mlgate.node;

import java.util.Map;

import org.apache.lucene.search.TotalHits;
import org.elasticsearch.env.Environment;
import org.elasticsearch.plugins.PluginsLoader;
import org.elasticsearch.rest.RestHandler.Route;
import org.elasticsearch.rest.RestRequest.Method;

/** The few calls that read differently in Elasticsearch 8 and 9: here, 9. */
public final class Compat {
    static PluginsLoader plugins(Environment env) {
        return PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(env.modulesDir(), false),
            PluginsLoader.loadPluginsBundles(env.pluginsDir(), false),
            Map.of(),
            false
        );
    }

    public static long count(TotalHits hits) {
        return hits.value();
    }

    /** REST version 7 is gone, and the old paths with it. */
    public static Route route(Method method, String path, String oldPath) {
        return new Route(method, path);
    }
}
