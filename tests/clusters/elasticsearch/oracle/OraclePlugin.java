package mlgate.oracle;

import java.util.List;
import java.util.Map;

import mlgate.node.BasePlugin;
import org.elasticsearch.action.ActionType;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.xpack.core.ml.action.GetBucketsAction;

/**
 * Get Buckets for a node without the ML module, which is not published. The request, its parsing, the stored documents'
 * parsing and the reply are Elastic's own classes; what lies between them is ours. The action carries Elastic's own
 * name, so genuine security authorises it.
 */
public final class OraclePlugin extends BasePlugin {
    @Override
    public Map<ActionType<?>, Class<?>> transportActions() {
        return Map.of(GetBucketsAction.INSTANCE, BucketsAction.class);
    }

    @Override
    public List<RestHandler> restHandlers() {
        return List.of(new RestBuckets());
    }
}
