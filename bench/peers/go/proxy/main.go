// proxy: httputil.ReverseProxy as it comes, or (-shim) what a Go programmer would write to serve Get Buckets: privileges
// asked for and kept for five seconds, the request rewritten, the reply reshaped in ModifyResponse with json.RawMessage.
package main

import (
	"flag"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "")
	upstream := flag.String("upstream", "", "")
	shim := flag.Bool("shim", false, "")
	flag.Parse()
	target, err := url.Parse(*upstream)
	if err != nil {
		log.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	transport.DisableCompression = true
	transport.Proxy = nil
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(request *httputil.ProxyRequest) { request.SetURL(target) },
		Transport: transport,
	}
	var handler http.Handler = proxy
	if *shim {
		proxy.ModifyResponse = reshape
		handler = &gate{proxy: proxy, target: target, client: &http.Client{Transport: transport}}
	}
	log.Fatal(http.ListenAndServe(*listen, handler))
}
