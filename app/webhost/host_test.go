package webhost_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"testing/fstest"

	"gridbook/app/bridge"
	"gridbook/app/webhost"
	"gridbook/syncproto"
)

type greeter struct{}

func (greeter) Greet(name string) string { return "您好，" + name }

// running is a host that serves and a browser that has not yet come in.
type running struct {
	entry   string // the address with the token
	base    string
	events  *bridge.Events
	browser *http.Client
}

func start(t *testing.T) *running {
	t.Helper()
	calls, err := bridge.New(nil, greeter{})
	if err != nil {
		t.Fatal(err)
	}
	backend := bridge.Backend{Calls: calls, Events: &bridge.Events{}, Files: bridge.NewFiles(rand.Reader)}
	l, err := webhost.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	screens := fstest.MapFS{
		"index.html":       {Data: []byte("<title>网格簿</title>")},
		"assets/app-1a.js": {Data: []byte("screens()")},
	}
	h, err := webhost.New(l, backend, screens, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve ended with %v", err)
		}
	})
	return &running{entry: h.URL(), base: "http://" + l.Addr().String(), events: backend.Events, browser: browser(t)}
}

func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// ask sends a request as our own page would, then changed by edit.
func (r *running) ask(t *testing.T, client *http.Client, method, path, body string, edit func(*http.Request)) (int, string, http.Header) {
	t.Helper()
	target := r.base + path
	if strings.HasPrefix(path, "http") {
		target = path
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Origin", r.base)
	}
	if edit != nil {
		edit(req)
	}
	reply, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(text), reply.Header
}

func (r *running) enter(t *testing.T) {
	t.Helper()
	if code, body, _ := r.ask(t, r.browser, "GET", r.entry, "", nil); code != 200 || !strings.Contains(body, "网格簿") {
		t.Fatalf("entry: %d %s", code, body)
	}
}

const call = `{"method":"Greet","args":["老张"]}`

func TestScreensAndCalls(t *testing.T) {
	r := start(t)
	r.enter(t)
	code, body, head := r.ask(t, r.browser, "POST", "/api/call", call, nil)
	if code != 200 || body != `"您好，老张"` {
		t.Errorf("call: %d %s", code, body)
	}
	if csp := head.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'self'") ||
		strings.Contains(csp, "unsafe") || head.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("headers: %v", head)
	}
	if code, body, head := r.ask(t, r.browser, "GET", "/assets/app-1a.js", "", nil); code != 200 ||
		body != "screens()" || !strings.Contains(head.Get("Cache-Control"), "immutable") {
		t.Errorf("asset: %d %s %v", code, body, head)
	}
	_, up, _ := r.ask(t, r.browser, "POST", "/api/upload?name=a.csv", "1,2", nil)
	var kept struct{ Handle string }
	if err := json.Unmarshal([]byte(up), &kept); err != nil {
		t.Fatal(err)
	}
	if _, body, _ := r.ask(t, r.browser, "GET", "/api/file/"+kept.Handle, "", nil); body != "1,2" {
		t.Errorf("file: %q", body)
	}
}

func TestBadCalls(t *testing.T) {
	r := start(t)
	r.enter(t)
	for _, c := range []struct {
		name, method, path, body string
		code                     int
	}{
		{"no such method", "POST", "/api/call", `{"method":"Drop","args":[]}`, 400},
		{"no JSON", "POST", "/api/call", `Greet`, 400},
		{"too large", "POST", "/api/call", `{"method":"` + strings.Repeat("x", 9<<20) + `"}`, 413},
		{"no such address", "GET", "/api/secrets", ``, 404},
		{"call by GET", "GET", "/api/call", ``, 404},
		{"no such screen", "GET", "/nowhere", ``, 404},
		{"writing a screen", "POST", "/index.html", ``, 405},
	} {
		code, body, _ := r.ask(t, r.browser, c.method, c.path, c.body, nil)
		if code != c.code {
			t.Errorf("%s: %d %s, want %d", c.name, code, body, c.code)
		}
		var fault bridge.Fault
		if strings.HasPrefix(c.path, "/api/") && (json.Unmarshal([]byte(body), &fault) != nil || fault.Hint == "") {
			t.Errorf("%s: the screen gets no reason: %s", c.name, body)
		}
	}
}

func TestEvents(t *testing.T) {
	r := start(t)
	r.enter(t)
	req, err := http.NewRequestWithContext(t.Context(), "GET", r.base+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := r.browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	lines := bufio.NewScanner(reply.Body)
	lines.Scan() // "retry:" comes when nothing can be missed any more
	r.events.Emit("sync", 7, map[string]int{"to_send": 3})
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if want := `{"topic":"sync","revision":7,"payload":{"to_send":3}}`; data != want {
				t.Errorf("event %s, want %s", data, want)
			}
			return
		}
	}
	t.Fatalf("no event came: %v", lines.Err())
}

func TestTokenWorksOnce(t *testing.T) {
	r := start(t)
	if code, _, head := r.ask(t, r.browser, "GET", "/?token=0000", "", nil); code != 401 || head.Get("Set-Cookie") != "" {
		t.Errorf("wrong token: %d %v", code, head)
	}
	noRedirect := browser(t)
	noRedirect.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	_, _, head := r.ask(t, noRedirect, "GET", r.entry, "", nil)
	if c := head.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Strict") {
		t.Errorf("cookie %q", c)
	}
	if loc := head.Get("Location"); loc != "/" {
		t.Errorf("the token stays in the address: %q", loc)
	}
	if code, _, _ := r.ask(t, r.browser, "GET", r.entry, "", nil); code != 401 {
		t.Errorf("token used by a second browser: %d", code)
	}
	if code, _, _ := r.ask(t, noRedirect, "GET", r.entry, "", nil); code != 303 {
		t.Errorf("the same browser again: %d, want to be sent on", code)
	}
}

func TestWhoMayNotComeIn(t *testing.T) {
	r := start(t)
	r.enter(t)
	port := r.base[strings.LastIndexByte(r.base, ':'):]
	header := func(name, value string) func(*http.Request) {
		return func(req *http.Request) { req.Header.Set(name, value) }
	}
	host := func(name string) func(*http.Request) { return func(req *http.Request) { req.Host = name } }
	for _, c := range []struct {
		name   string
		client *http.Client
		edit   func(*http.Request)
		code   int
	}{
		{"no cookie", &http.Client{}, nil, 401},
		{"a made-up cookie", &http.Client{}, header("Cookie", "gridbook_"+port[1:]+"=00"), 401},
		{"an empty cookie", &http.Client{}, header("Cookie", "gridbook_"+port[1:]+"="), 401},
		{"DNS rebinding", r.browser, host("evil.example" + port), 421},
		{"another port's name", r.browser, host("127.0.0.1:1"), 421},
		{"no name", r.browser, host("127.0.0.1"), 421},
		{"localhost", r.browser, host("localhost" + port), 421},
		{"foreign origin", r.browser, header("Origin", "http://evil.example"), 403},
		{"another port's origin", r.browser, header("Origin", "http://127.0.0.1:1"), 403},
		{"a sandboxed page", r.browser, header("Origin", "null"), 403},
		{"cross-site fetch", r.browser, header("Sec-Fetch-Site", "cross-site"), 403},
		{"same-site fetch from another port", r.browser, header("Sec-Fetch-Site", "same-site"), 403},
		{"write without an origin", r.browser, func(req *http.Request) { req.Header.Del("Origin") }, 403},
	} {
		code, body, head := r.ask(t, c.client, "POST", "/api/call", call, c.edit)
		if code != c.code || strings.Contains(body, "老张") || head.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: POST got %d %s, want %d", c.name, code, body, c.code)
		}
		if c.name == "write without an origin" {
			continue // reading without one is how a browser opens a page
		}
		if code, body, _ := r.ask(t, c.client, "GET", "/", "", c.edit); code != c.code || strings.Contains(body, "screens") {
			t.Errorf("%s: GET got %d %s, want %d", c.name, code, body, c.code)
		}
	}
	if code, _, _ := r.ask(t, r.browser, "POST", "/api/call", call, nil); code != 200 {
		t.Errorf("the right browser afterwards: %d", code)
	}
}

func TestListenRefusesOtherAddresses(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "[::1]:0", "localhost:0", "127.0.0.2:0", "192.168.1.4:0", "", "127.0.0.1"} {
		l, err := webhost.Listen(addr)
		if err == nil {
			l.Close()
		}
		if syncproto.CodeOf(err) != syncproto.CodeUsage {
			t.Errorf("Listen(%q) = %v, want code %s", addr, err, syncproto.CodeUsage)
		}
	}
}
