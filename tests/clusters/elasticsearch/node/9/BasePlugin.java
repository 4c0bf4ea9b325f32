package mlgate.node;

import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.RestHandler;

/** Hands a {@link NodePlugin} to Elasticsearch 9. */
public abstract class BasePlugin extends Plugin implements ActionPlugin, NodePlugin {
    @Override
    @SuppressWarnings({ "rawtypes", "unchecked" })
    public final List<ActionHandler> getActions() {
        return transportActions().entrySet().stream().map(e -> new ActionHandler(e.getKey(), (Class) e.getValue())).toList();
    }

    @Override
    public final Collection<RestHandler> getRestHandlers(
        RestHandlersServices services,
        Supplier<DiscoveryNodes> nodes,
        Predicate<NodeFeature> features
    ) {
        return restHandlers();
    }
}
