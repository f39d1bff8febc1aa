// Asks one server for chat completions over kept connections, each waiting for its answer before it asks again, and prints what that took as JSON.
// go run load.go -url http://127.0.0.1:9100/v1/chat/completions -model mock [-connections 16] [-seconds 10] [-stream] [-header "name: value"]…
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

type headers []string

func (h *headers) String() string     { return strings.Join(*h, ", ") }
func (h *headers) Set(v string) error { *h = append(*h, v); return nil }

type result struct {
	times  []time.Duration
	failed int
	why    string
}

func main() {
	address := flag.String("url", "", "")
	model := flag.String("model", "mock", "")
	connections := flag.Int("connections", 16, "")
	seconds := flag.Float64("seconds", 10, "")
	stream := flag.Bool("stream", false, "")
	var more headers
	flag.Var(&more, "header", "may be given several times")
	flag.Parse()
	u, err := url.Parse(*address)
	if err != nil || u.Host == "" {
		fmt.Fprintln(os.Stderr, "-url http://host:port/path is needed")
		os.Exit(2)
	}
	body := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"hello"}]}`, *model)
	if *stream {
		body = fmt.Sprintf(`{"model":%q,"stream":true,"messages":[{"role":"user","content":"hello"}]}`, *model)
	}
	request := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", u.Path, u.Host, len(body))
	for _, h := range more {
		request += h + "\r\n"
	}
	bytesOut := []byte(request + "\r\n" + body)
	started := time.Now()
	end := started.Add(time.Duration(*seconds * float64(time.Second)))
	results := make([]result, *connections)
	var all sync.WaitGroup
	for i := range results {
		all.Add(1)
		go func(r *result) {
			defer all.Done()
			work(u.Host, bytesOut, end, r)
		}(&results[i])
	}
	all.Wait()
	report(results, time.Since(started))
}

func work(host string, request []byte, end time.Time, r *result) {
	var c net.Conn
	var in *bufio.Reader
	for time.Now().Before(end) {
		if c == nil {
			fresh, err := net.Dial("tcp", host)
			if err != nil {
				r.fail(err.Error())
				time.Sleep(10 * time.Millisecond)
				continue
			}
			c, in = fresh, bufio.NewReaderSize(fresh, 16384)
		}
		before := time.Now()
		_, err := c.Write(request)
		closed := true
		if err == nil {
			closed, err = answer(in)
		}
		if err != nil {
			r.fail(err.Error())
		} else {
			r.times = append(r.times, time.Since(before))
		}
		if err != nil || closed {
			c.Close()
			c = nil
		}
	}
}

func (r *result) fail(why string) {
	r.failed++
	r.why = why
}

// One answer; whether the server closes the connection after it.
func answer(in *bufio.Reader) (bool, error) {
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		return true, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err == nil && (response.StatusCode != 200 || !bytes.Contains(body, []byte(`"choices"`))) {
		return response.Close, fmt.Errorf("status %d: %.200s", response.StatusCode, body)
	}
	return response.Close, err
}

func report(results []result, took time.Duration) {
	var times []time.Duration
	failed, why := 0, ""
	for _, r := range results {
		times = append(times, r.times...)
		failed += r.failed
		if r.why != "" {
			why = r.why
		}
	}
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	at := func(share float64) float64 {
		if len(times) == 0 {
			return 0
		}
		return float64(times[int(share*float64(len(times)-1))].Microseconds()) / 1000
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"requests": len(times), "failed": failed, "why": why, "perSecond": float64(len(times)) / took.Seconds(),
		"p50": at(0.5), "p95": at(0.95), "p99": at(0.99)})
}
