package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// gate checks, rewrites and passes on.
type gate struct {
	proxy  *httputil.ReverseProxy
	target *url.URL
	client *http.Client
	mutex  sync.Mutex
	until  map[string]time.Time
}

func (g *gate) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	rest, found := strings.CutPrefix(request.URL.Path, "/_ml/anomaly_detectors/")
	job, ours := strings.CutSuffix(rest, "/results/buckets")
	if !found || !ours {
		g.proxy.ServeHTTP(writer, request)
		return
	}
	if !g.allowed(request.Header.Get("Authorization"), job) {
		http.Error(writer, `{"error":"forbidden","status":403}`, http.StatusForbidden)
		return
	}
	size, err := strconv.Atoi(request.URL.Query().Get("size"))
	if err != nil {
		size = 100
	}
	body, _ := json.Marshal(map[string]any{
		"from": 0,
		"size": size,
		"query": map[string]any{"bool": map[string]any{"filter": []any{
			map[string]any{"term": map[string]any{"result_type": "bucket"}},
			map[string]any{"term": map[string]any{"job_id": job}},
		}}},
		"sort":             []any{map[string]any{"timestamp": "asc"}},
		"track_total_hits": true,
	})
	request.Method = http.MethodPost
	request.URL.Path, request.URL.RawQuery = "/.ml-anomalies-"+job+"/_search", ""
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	request.Header.Set("Content-Type", "application/json")
	g.proxy.ServeHTTP(writer, request)
}

func (g *gate) allowed(authorization, job string) bool {
	key := job + "\n" + authorization
	g.mutex.Lock()
	fresh := time.Now().Before(g.until[key])
	g.mutex.Unlock()
	if fresh {
		return true
	}
	question := fmt.Sprintf(`{"cluster":["monitor_ml"],"index":[{"names":[".ml-anomalies-%s"],"privileges":["read"]}]}`, job)
	ask, err := http.NewRequest(http.MethodPost, g.target.String()+"/_security/user/_has_privileges", strings.NewReader(question))
	if err != nil {
		return false
	}
	ask.Header.Set("Authorization", authorization)
	ask.Header.Set("Content-Type", "application/json")
	reply, err := g.client.Do(ask)
	if err != nil {
		return false
	}
	defer reply.Body.Close()
	var answer struct {
		All bool `json:"has_all_requested"`
	}
	if json.NewDecoder(reply.Body).Decode(&answer) != nil || !answer.All {
		return false
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.until == nil {
		g.until = map[string]time.Time{}
	}
	g.until[key] = time.Now().Add(5 * time.Second)
	return true
}

// searchReply is what of a search reply is needed; documents stay as they are.
type searchReply struct {
	TimedOut bool `json:"timed_out"`
	Shards   struct {
		Failed int `json:"failed"`
	} `json:"_shards"`
	Hits struct {
		Total struct {
			Value int `json:"value"`
		} `json:"total"`
		Hits []struct {
			Source json.RawMessage `json:"_source"`
		} `json:"hits"`
	} `json:"hits"`
}

func reshape(response *http.Response) error {
	if !strings.HasSuffix(response.Request.URL.Path, "/_search") || response.StatusCode != http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		return err
	}
	var reply searchReply
	if err := json.Unmarshal(text, &reply); err != nil {
		return err
	}
	if reply.TimedOut || reply.Shards.Failed > 0 {
		return errors.New("a search was answered in part")
	}
	var out bytes.Buffer
	out.Grow(len(text))
	fmt.Fprintf(&out, `{"count":%d,"buckets":[`, reply.Hits.Total.Value)
	for number, hit := range reply.Hits.Hits {
		if number > 0 {
			out.WriteByte(',')
		}
		out.Write(hit.Source)
	}
	out.WriteString("]}")
	response.Body = io.NopCloser(&out)
	response.ContentLength = int64(out.Len())
	response.Header.Set("Content-Length", strconv.Itoa(out.Len()))
	return nil
}
