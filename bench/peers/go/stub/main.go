// stub: a cluster that is not one, where requests must be counted, delayed or streamed. It answers with recorded search
// replies (FOLDER/NAME.json for a search in .ml-anomalies-NAME, FOLDER/NAME.records.json where records are searched for),
// lets every caller do everything, and tells at /counts what it was asked.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

var (
	searches, questions, others atomic.Int64
	replies                     = map[string][]byte{}
	delay                       = flag.Duration("question-delay", 0, "how long a question about a caller takes")
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "")
	folder := flag.String("folder", "", "")
	flag.Parse()
	files, _ := filepath.Glob(filepath.Join(*folder, "*.json"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			log.Fatal(err)
		}
		replies[strings.TrimSuffix(filepath.Base(file), ".json")] = text
	}
	log.Fatal(http.ListenAndServe(*listen, http.HandlerFunc(serve)))
}

func serve(writer http.ResponseWriter, request *http.Request) {
	path := request.URL.Path
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	header := writer.Header()
	header.Set("X-elastic-product", "Elasticsearch")
	header.Set("Content-Type", "application/json")
	switch {
	case path == "/counts":
		fmt.Fprintf(writer, `{"searches":%d,"questions":%d,"others":%d}`, searches.Load(), questions.Load(), others.Load())
	case request.Header.Get("Authorization") == "":
		others.Add(1)
		header.Set("WWW-Authenticate", `Basic realm="security" charset="UTF-8"`)
		writer.WriteHeader(http.StatusUnauthorized)
		io.WriteString(writer, `{"error":{"root_cause":[],"type":"security_exception","reason":"missing authentication credentials for REST request [/]"},"status":401}`)
	case path == "/_security/user/_has_privileges":
		questions.Add(1)
		time.Sleep(*delay)
		answer(writer, body)
	case strings.HasSuffix(path, "/_search"):
		searches.Add(1)
		name := strings.TrimPrefix(strings.TrimSuffix(path, "/_search"), "/.ml-anomalies-")
		name, _, _ = strings.Cut(name, "_")
		if bytes.Contains(body, []byte(`"record"`)) {
			name += ".records"
		}
		writer.Write(replies[name])
	case strings.HasPrefix(path, "/_alias/"):
		others.Add(1)
		io.WriteString(writer, `{}`)
	case strings.HasPrefix(path, "/stream/_doc/"):
		others.Add(1)
		stream(writer, strings.TrimPrefix(path, "/stream/_doc/"))
	default:
		others.Add(1)
		writer.WriteHeader(http.StatusNotFound)
		io.WriteString(writer, `{}`)
	}
}

// answer grants whatever is asked for.
func answer(writer io.Writer, body []byte) {
	var asked struct {
		Cluster []string `json:"cluster"`
		Index   []struct {
			Names      []string `json:"names"`
			Privileges []string `json:"privileges"`
		} `json:"index"`
	}
	json.Unmarshal(body, &asked)
	cluster, index := map[string]bool{}, map[string]map[string]bool{}
	for _, name := range asked.Cluster {
		cluster[name] = true
	}
	for _, group := range asked.Index {
		for _, name := range group.Names {
			index[name] = map[string]bool{}
			for _, privilege := range group.Privileges {
				index[name][privilege] = true
			}
		}
	}
	json.NewEncoder(writer).Encode(map[string]any{
		"username": "bench", "has_all_requested": true, "cluster": cluster, "index": index, "application": map[string]any{},
	})
}

// stream writes so many MiB.
func stream(writer http.ResponseWriter, size string) {
	mib, err := strconv.Atoi(size)
	if err != nil || mib > 1024 {
		return
	}
	writer.Header().Set("Content-Length", strconv.Itoa(mib<<20))
	block := bytes.Repeat([]byte("x"), 1<<16)
	for range mib << 4 {
		if _, err := writer.Write(block); err != nil {
			return
		}
	}
}
