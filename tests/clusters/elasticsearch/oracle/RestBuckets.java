package mlgate.oracle;

import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

import mlgate.node.Compat;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.action.RestToXContentListener;
import org.elasticsearch.xcontent.XContentParser;
import org.elasticsearch.xpack.core.action.util.PageParams;
import org.elasticsearch.xpack.core.ml.action.GetBucketsAction;
import org.elasticsearch.xpack.core.ml.action.GetBucketsAction.Request;

/**
 * The HTTP side. A parameter counts as recognized once it was asked for, so what is asked, and when, decides which
 * parameters are refused and which names a refusal suggests.
 */
final class RestBuckets extends BaseRestHandler {
    private static final String TAIL = "/anomaly_detectors/{job_id}/results/buckets";

    @Override
    public String getName() {
        return "ml_get_buckets_action";
    }

    @Override
    public List<Route> routes() {
        return Stream.of(TAIL, TAIL + "/{timestamp}")
            .flatMap(tail -> Stream.of(RestRequest.Method.GET, RestRequest.Method.POST)
                .map(method -> Compat.route(method, "/_ml" + tail, "/_xpack/ml" + tail)))
            .toList();
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest http, NodeClient client) throws IOException {
        String job = http.param("job_id");
        String timestamp = http.param("timestamp");
        Request request = http.hasContentOrSourceParam() ? fromBody(http, job, timestamp) : fromUrl(http, job, timestamp);
        return channel -> client.execute(GetBucketsAction.INSTANCE, request, new RestToXContentListener<>(channel));
    }

    /** With a body no other URL parameter is looked at. The URL's timestamp comes last, and wins. */
    private static Request fromBody(RestRequest http, String job, String timestamp) throws IOException {
        try (XContentParser body = http.contentOrSourceParamParser()) {
            Request request = Request.parseRequest(job, body);
            single(request, timestamp);
            return request;
        }
    }

    /** The order matters: the first bad or excluded parameter is the one that is reported. */
    private static Request fromUrl(RestRequest http, String job, String timestamp) {
        Request request = new Request(job);
        single(request, timestamp);
        if (http.hasParam("from") || http.hasParam("size")) {
            int from = http.paramAsInt("from", PageParams.DEFAULT_FROM);
            request.setPageParams(new PageParams(from, http.paramAsInt("size", PageParams.DEFAULT_SIZE)));
        }
        given(http, "start", request::setStart);
        given(http, "end", request::setEnd);
        given(http, "anomaly_score", score -> request.setAnomalyScore(Double.parseDouble(score)));
        given(http, "sort", request::setSort);
        request.setDescending(http.paramAsBoolean("desc", request.isDescending()));
        request.setExpand(http.paramAsBoolean("expand", false));
        request.setExcludeInterim(http.paramAsBoolean("exclude_interim", false));
        return request;
    }

    private static void single(Request request, String timestamp) {
        if (timestamp != null && timestamp.isEmpty() == false) {
            request.setTimestamp(timestamp);
        }
    }

    private static void given(RestRequest http, String name, Consumer<String> use) {
        if (http.hasParam(name)) {
            use.accept(http.param(name));
        }
    }
}
