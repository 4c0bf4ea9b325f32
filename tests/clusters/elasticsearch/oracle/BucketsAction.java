package mlgate.oracle;

import java.util.Iterator;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.get.GetRequest;
import org.elasticsearch.action.get.GetResponse;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.HandledTransportAction;
import org.elasticsearch.client.internal.Client;
import org.elasticsearch.common.util.concurrent.EsExecutors;
import org.elasticsearch.index.IndexNotFoundException;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.search.fetch.subphase.FetchSourceContext;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.transport.TransportService;
import org.elasticsearch.xpack.core.ClientHelper;
import org.elasticsearch.xpack.core.action.util.QueryPage;
import org.elasticsearch.xpack.core.ml.MlConfigIndex;
import org.elasticsearch.xpack.core.ml.action.GetBucketsAction;
import org.elasticsearch.xpack.core.ml.action.GetBucketsAction.Request;
import org.elasticsearch.xpack.core.ml.action.GetBucketsAction.Response;
import org.elasticsearch.xpack.core.ml.job.config.Job;
import org.elasticsearch.xpack.core.ml.job.results.AnomalyRecord;
import org.elasticsearch.xpack.core.ml.job.results.Bucket;
import org.elasticsearch.xpack.core.ml.utils.ExceptionsHelper;

/** Runs behind the privilege check: is the job known, search its buckets, then fetch their records one by one if asked. */
public final class BucketsAction extends HandledTransportAction<Request, Response> {
    private final Client client;
    private final Results results;

    @Inject
    public BucketsAction(TransportService transport, ActionFilters filters, Client client) {
        super(GetBucketsAction.NAME, transport, filters, Request::new, EsExecutors.DIRECT_EXECUTOR_SERVICE);
        this.client = client;
        this.results = new Results(client);
    }

    @Override
    protected void doExecute(Task task, Request request, ActionListener<Response> listener) {
        whenJobExists(request.getJobId(), listener, () -> buckets(request, listener));
    }

    /** A job exists when its configuration is stored. An unfit job id is refused while its document's id is made. */
    private void whenJobExists(String job, ActionListener<?> listener, Runnable next) {
        GetRequest config = new GetRequest(MlConfigIndex.indexName(), Job.documentId(job));
        config.fetchSourceContext(FetchSourceContext.DO_NOT_FETCH_SOURCE);
        ActionListener<GetResponse> found = ActionListener.wrap(document -> {
            if (document.isExists()) {
                next.run();
            } else {
                listener.onFailure(ExceptionsHelper.missingJobException(job));
            }
        }, e -> listener.onFailure(e instanceof IndexNotFoundException ? ExceptionsHelper.missingJobException(job) : e));
        ClientHelper.executeAsyncWithOrigin(
            client.threadPool().getThreadContext(),
            ClientHelper.ML_ORIGIN,
            config,
            found,
            client::get
        );
    }

    private void buckets(Request request, ActionListener<Response> listener) {
        results.search(request.getJobId(), Queries.buckets(request), Bucket.LENIENT_PARSER, Bucket.RESULTS_FIELD,
            listener.delegateFailureAndWrap((delegate, page) -> {
                if (request.getTimestamp() != null && page.results().isEmpty()) {
                    throw QueryPage.emptyQueryPage(Bucket.RESULTS_FIELD);
                }
                if (request.isExpand()) {
                    Iterator<Bucket> wanted = page.results().stream().filter(b -> b.getBucketInfluencers().isEmpty() == false).iterator();
                    expand(request, wanted, delegate.map(done -> new Response(page)));
                } else {
                    delegate.onResponse(new Response(page));
                }
            }));
    }

    /** Strictly one search after the other, as Elastic's server does it: the first failure ends the request. */
    private void expand(Request request, Iterator<Bucket> wanted, ActionListener<Void> listener) {
        if (wanted.hasNext() == false) {
            listener.onResponse(null);
            return;
        }
        Bucket bucket = wanted.next();
        results.search(request.getJobId(), Queries.records(request, bucket), AnomalyRecord.LENIENT_PARSER, AnomalyRecord.RESULTS_FIELD,
            listener.delegateFailureAndWrap((delegate, page) -> {
                bucket.getRecords().addAll(page.results());
                expand(request, wanted, delegate);
            }));
    }
}
