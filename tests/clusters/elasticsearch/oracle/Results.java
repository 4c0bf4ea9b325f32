package mlgate.oracle;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

import mlgate.node.Compat;
import org.elasticsearch.ElasticsearchParseException;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.search.SearchRequest;
import org.elasticsearch.action.search.SearchResponse;
import org.elasticsearch.action.support.IndicesOptions;
import org.elasticsearch.client.internal.Client;
import org.elasticsearch.common.io.stream.Writeable;
import org.elasticsearch.common.xcontent.LoggingDeprecationHandler;
import org.elasticsearch.search.SearchHit;
import org.elasticsearch.search.builder.SearchSourceBuilder;
import org.elasticsearch.xcontent.ConstructingObjectParser;
import org.elasticsearch.xcontent.ParseField;
import org.elasticsearch.xcontent.ToXContent;
import org.elasticsearch.xcontent.XContentParser;
import org.elasticsearch.xcontent.XContentParserConfiguration;
import org.elasticsearch.xcontent.XContentType;
import org.elasticsearch.xpack.core.ClientHelper;
import org.elasticsearch.xpack.core.action.util.QueryPage;
import org.elasticsearch.xpack.core.ml.job.persistence.AnomalyDetectorsIndex;

/** Reads a job's stored results as the internal ML user, so the caller's index privileges play no part. */
record Results(Client client) {
    private static final XContentParserConfiguration READING = XContentParserConfiguration.EMPTY.withDeprecationHandler(
        LoggingDeprecationHandler.INSTANCE
    );

    /** A job without an index has no results; that is no error. */
    private static final IndicesOptions LENIENT = IndicesOptions.builder(SearchRequest.DEFAULT_INDICES_OPTIONS)
        .concreteTargetOptions(IndicesOptions.ConcreteTargetOptions.ALLOW_UNAVAILABLE_TARGETS)
        .build();

    <T extends ToXContent & Writeable> void search(
        String job,
        SearchSourceBuilder source,
        ConstructingObjectParser<T, Void> parser,
        ParseField name,
        ActionListener<QueryPage<T>> listener
    ) {
        SearchRequest request = new SearchRequest(AnomalyDetectorsIndex.jobResultsAliasedName(job)).indicesOptions(LENIENT)
            .source(source.trackTotalHits(true));
        ActionListener<SearchResponse> found = listener.delegateFailureAndWrap((delegate, response) -> {
            List<T> page = new ArrayList<>();
            for (SearchHit hit : response.getHits().getHits()) {
                page.add(read(hit, parser));
            }
            delegate.onResponse(new QueryPage<>(page, Compat.count(response.getHits().getTotalHits()), name));
        });
        ClientHelper.executeAsyncWithOrigin(
            client.threadPool().getThreadContext(),
            ClientHelper.ML_ORIGIN,
            request,
            found,
            client::search
        );
    }

    private static <T> T read(SearchHit hit, ConstructingObjectParser<T, Void> parser) {
        try (InputStream json = hit.getSourceRef().streamInput();
            XContentParser fields = XContentType.JSON.xContent().createParser(READING, json)) {
            return parser.apply(fields, null);
        } catch (IOException e) {
            throw new ElasticsearchParseException("cannot read a stored result", e);
        }
    }
}
