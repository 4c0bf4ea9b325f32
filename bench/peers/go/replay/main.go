// replay: Get Buckets with expand as Elastic's own server goes about it: a search for the buckets, then for each bucket
// with influencers one search for its records, one after the other, of 10,000 at most. The loop runs here and not inside
// the server, so each of its searches is a request over HTTP, on a connection that is kept.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
)

type searchReply struct {
	Hits struct {
		Total struct {
			Value int `json:"value"`
		} `json:"total"`
		Hits []struct {
			Source json.RawMessage `json:"_source"`
		} `json:"hits"`
	} `json:"hits"`
}

var upstream string

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "")
	flag.StringVar(&upstream, "upstream", "", "")
	flag.Parse()
	log.Fatal(http.ListenAndServe(*listen, http.HandlerFunc(serve)))
}

func search(request *http.Request, job, body string) (*searchReply, error) {
	path := upstream + "/.ml-anomalies-" + job + "/_search?ignore_unavailable=true"
	ask, err := http.NewRequest(http.MethodPost, path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	ask.Header.Set("Authorization", request.Header.Get("Authorization"))
	ask.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%d: %s", answer.StatusCode, text)
	}
	var reply searchReply
	return &reply, json.Unmarshal(text, &reply)
}

func serve(writer http.ResponseWriter, request *http.Request) {
	rest := strings.TrimPrefix(request.URL.Path, "/_ml/anomaly_detectors/")
	job := strings.TrimSuffix(rest, "/results/buckets")
	found, err := search(request, job, fmt.Sprintf(bucketsOfPage, request.URL.Query().Get("size")))
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadGateway)
		return
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `{"count":%d,"buckets":[`, found.Hits.Total.Value)
	for number, hit := range found.Hits.Hits {
		var bucket struct {
			Timestamp   int64             `json:"timestamp"`
			Influencers []json.RawMessage `json:"bucket_influencers"`
		}
		if err := json.Unmarshal(hit.Source, &bucket); err != nil {
			http.Error(writer, err.Error(), http.StatusBadGateway)
			return
		}
		if number > 0 {
			out.WriteByte(',')
		}
		if len(bucket.Influencers) == 0 {
			out.Write(hit.Source)
			continue
		}
		records, err := search(request, job, fmt.Sprintf(recordsOfBucket, bucket.Timestamp))
		if err != nil {
			http.Error(writer, err.Error(), http.StatusBadGateway)
			return
		}
		if len(records.Hits.Hits) == 0 {
			out.Write(hit.Source)
			continue
		}
		out.Write(bytes.TrimSuffix(hit.Source, []byte("}")))
		for number, record := range records.Hits.Hits {
			if number == 0 {
				out.WriteString(`,"records":[`)
			} else {
				out.WriteByte(',')
			}
			out.Write(record.Source)
		}
		out.WriteString("]}")
	}
	out.WriteString("]}")
	writer.Header().Set("Content-Type", "application/json")
	writer.Write(out.Bytes())
}

const bucketsOfPage = `{"from":0,"size":%s,"query":{"bool":{"filter":[{"match_all":{"boost":1.0}},{"term":{"result_type":{"value":"bucket"}}}],"boost":1.0}},"sort":[{"timestamp":{"order":"asc"}}],"track_total_hits":2147483647}`

const recordsOfBucket = `{"from":0,"size":10000,"query":{"bool":{"filter":[{"match_all":{"boost":1.0}},{"terms":{"result_type":["record"],"boost":1.0}},{"term":{"timestamp":{"value":%d}}}],"boost":1.0}},"_source":{"includes":[],"excludes":[]},"sort":[{"probability":{"order":"asc","missing":"_last"}},{"record_score":{"order":"asc"}},{"over_field_value":{"order":"asc"}},{"partition_field_value":{"order":"asc"}},{"by_field_value":{"order":"asc"}},{"field_name":{"order":"asc"}},{"function":{"order":"asc"}}],"track_total_hits":2147483647}`
