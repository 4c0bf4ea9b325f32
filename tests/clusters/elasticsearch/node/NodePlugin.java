package mlgate.node;

import java.util.List;
import java.util.Map;

import org.elasticsearch.action.ActionType;
import org.elasticsearch.rest.RestHandler;

/** What a plugin of ours adds to the node, said in the same words for every Elasticsearch version. */
public interface NodePlugin {
    Map<ActionType<?>, Class<?>> transportActions();

    List<RestHandler> restHandlers();
}
