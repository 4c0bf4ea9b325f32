package mlgate.standins;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionRequestValidationException;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.ActionType;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.TransportAction;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.common.util.concurrent.EsExecutors;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.transport.TransportService;

/** {@code GET /} as an action of the genuine name, so that the genuine privilege ({@code cluster:monitor/main}) guards it. */
public final class RootPage extends TransportAction<RootPage.Request, RootPage.Response> {
    static final ActionType<Response> ACTION = new ActionType<>("cluster:monitor/main");

    private final ClusterService cluster;

    @Inject
    public RootPage(TransportService transport, ActionFilters filters, ClusterService cluster) {
        super(ACTION.name(), filters, transport.getTaskManager(), EsExecutors.DIRECT_EXECUTOR_SERVICE);
        this.cluster = cluster;
    }

    @Override
    protected void doExecute(Task task, Request request, ActionListener<Response> listener) {
        String uuid = cluster.state().metadata().clusterUUID();
        listener.onResponse(new Response(cluster.getNodeName(), cluster.getClusterName().value(), uuid));
    }

    static final class Request extends ActionRequest {
        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }

    static final class Response extends ActionResponse {
        final String node;
        final String cluster;
        final String uuid;

        Response(String node, String cluster, String uuid) {
            this.node = node;
            this.cluster = cluster;
            this.uuid = uuid;
        }

        @Override
        public void writeTo(StreamOutput out) {
            TransportAction.localOnly();
        }
    }
}
