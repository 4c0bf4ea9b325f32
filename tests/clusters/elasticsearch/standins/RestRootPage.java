package mlgate.standins;

import java.io.IOException;
import java.util.List;

import org.apache.lucene.util.Version;
import org.elasticsearch.Build;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.rest.action.RestBuilderListener;
import org.elasticsearch.xcontent.XContentBuilder;

/** The page that clients read to learn the server's version. Its build type is not that of a released package. */
final class RestRootPage extends BaseRestHandler {
    @Override
    public String getName() {
        return "main_action";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        return channel -> client.execute(RootPage.ACTION, new RootPage.Request(), new RestBuilderListener<>(channel) {
            @Override
            public RestResponse buildResponse(RootPage.Response page, XContentBuilder json) throws IOException {
                write(page, json);
                return new RestResponse(RestStatus.OK, json);
            }
        });
    }

    private static void write(RootPage.Response page, XContentBuilder json) throws IOException {
        Build build = Build.current();
        json.startObject();
        json.field("name", page.node).field("cluster_name", page.cluster).field("cluster_uuid", page.uuid);
        json.startObject("version")
            .field("number", build.qualifiedVersion())
            .field("build_flavor", "default")
            .field("build_type", build.type().displayName())
            .field("build_hash", build.hash())
            .field("build_date", build.date())
            .field("build_snapshot", build.isSnapshot())
            .field("lucene_version", Version.LATEST.toString())
            .field("minimum_wire_compatibility_version", build.minWireCompatVersion())
            .field("minimum_index_compatibility_version", build.minIndexCompatVersion())
            .endObject();
        json.field("tagline", "You Know, for Search").endObject();
    }
}
