package mlgate.oracle;

import java.util.ArrayList;
import java.util.List;

import org.elasticsearch.index.query.BoolQueryBuilder;
import org.elasticsearch.index.query.QueryBuilder;
import org.elasticsearch.index.query.QueryBuilders;
import org.elasticsearch.search.builder.SearchSourceBuilder;
import org.elasticsearch.search.sort.FieldSortBuilder;
import org.elasticsearch.search.sort.SortBuilders;
import org.elasticsearch.search.sort.SortOrder;
import org.elasticsearch.xpack.core.action.util.PageParams;
import org.elasticsearch.xpack.core.ml.action.GetBucketsAction.Request;
import org.elasticsearch.xpack.core.ml.job.results.Bucket;

/** The searches, in the exact form in which Elastic's server sends them. */
final class Queries {
    private static final String TIME = "timestamp";
    private static final int MOST_RECORDS = 10_000;

    /** What orders records of equal probability. */
    private static final List<String> RECORD_ORDER = List.of(
        "record_score",
        "over_field_value",
        "partition_field_value",
        "by_field_value",
        "field_name",
        "function"
    );

    static SearchSourceBuilder buckets(Request request) {
        boolean single = request.getTimestamp() != null;
        PageParams page = request.getPageParams() == null ? PageParams.defaultParams() : request.getPageParams();
        SortOrder order = request.isDescending() ? SortOrder.DESC : SortOrder.ASC;

        SearchSourceBuilder search = new SearchSourceBuilder().from(page.getFrom())
            .size(single ? 1 : page.getSize())
            .query(
                QueryBuilders.boolQuery()
                    .filter(single ? QueryBuilders.matchQuery(TIME, request.getTimestamp()) : several(request))
                    .filter(QueryBuilders.termQuery("result_type", "bucket"))
            )
            .sort(request.getSort(), order);
        return TIME.equals(request.getSort()) ? search : search.sort(TIME, order);
    }

    static SearchSourceBuilder records(Request request, Bucket bucket) {
        SearchSourceBuilder search = new SearchSourceBuilder().from(0)
            .size(MOST_RECORDS)
            .query(
                QueryBuilders.boolQuery()
                    .filter(request.isExcludeInterim() ? settled() : QueryBuilders.matchAllQuery())
                    .filter(QueryBuilders.termsQuery("result_type", "record"))
                    .filter(QueryBuilders.termQuery(TIME, bucket.getTimestamp().getTime()))
            )
            .sort(new FieldSortBuilder("probability").order(SortOrder.ASC).missing("_last"));
        RECORD_ORDER.forEach(field -> search.sort(SortBuilders.fieldSort(field).order(SortOrder.ASC)));
        return search;
    }

    /** No clause becomes match_all, a single one stands alone, more are put in a bool. */
    private static QueryBuilder several(Request request) {
        List<QueryBuilder> clauses = new ArrayList<>();
        if (request.getStart() != null || request.getEnd() != null) {
            // from inclusive, to exclusive; a null end stays open. The texts are left to the date field to read.
            clauses.add(QueryBuilders.rangeQuery(TIME).gte(request.getStart()).lt(request.getEnd()));
        }
        if (request.getAnomalyScore() != null && request.getAnomalyScore() > 0.0) {
            clauses.add(QueryBuilders.rangeQuery("anomaly_score").gte(request.getAnomalyScore()));
        }
        if (request.isExcludeInterim()) {
            clauses.add(settled());
        }
        return switch (clauses.size()) {
            case 0 -> QueryBuilders.matchAllQuery();
            case 1 -> clauses.get(0);
            default -> {
                BoolQueryBuilder all = QueryBuilders.boolQuery();
                clauses.forEach(all::filter);
                yield all;
            }
        };
    }

    private static QueryBuilder settled() {
        return QueryBuilders.boolQuery().mustNot(QueryBuilders.termQuery("is_interim", true));
    }
}
