package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is one Go file of the project.
type source struct {
	path string // from the root, with slashes
	file *ast.File
	text string
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// under reports whether the file is in the folder or below it.
func (s source) under(folder string) bool { return strings.HasPrefix(s.path, folder+"/") }

func (s source) imports() []string {
	var out []string
	for _, spec := range s.file.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil {
			out = append(out, name)
		}
	}
	return out
}

// sources parses every Go file of the project.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != "." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), p, text, parser.ParseComments)
		if err != nil {
			return err
		}
		out = append(out, source{path: filepath.ToSlash(p), file: file, text: string(text)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("found only %d Go files; run this test from the root", len(out))
	}
	return out
}

// within reports whether pkg is one of the roots or below one of them.
func within(pkg string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return pkg == root || strings.HasPrefix(pkg, root+"/")
	})
}

// A ban says what the files of a folder may not import, and why.
type ban struct {
	folder string
	except string // a folder below that may
	tests  bool   // holds for test files too
	banned func(pkg string) bool
	reason string
}

// pureStandard is what syncproto may take from the standard library: nothing
// that reads files, the network, a clock or randomness. "time" is allowed for
// its types; the uses that read the clock are looked for by their names.
// net/url and net/netip only take text apart.
func pureStandard(pkg string) bool {
	return within(pkg, "bufio", "bytes", "cmp", "container", "context", "crypto/aes", "crypto/cipher",
		"crypto/ed25519", "crypto/hmac", "crypto/sha256", "crypto/sha512", "crypto/subtle", "embed",
		"encoding", "errors", "fmt", "hash", "io", "iter", "maps", "math", "net/netip", "net/url", "reflect", "regexp", "slices",
		"sort", "strconv", "strings", "sync", "time", "unicode", "unsafe") &&
		!within(pkg, "math/rand", "io/ioutil", "io/fs")
}

func bans() []ban {
	return []ban{
		{
			folder: "syncproto", except: "syncproto/syncsim",
			banned: func(pkg string) bool {
				switch {
				case within(pkg, "gridbook"):
					return !within(pkg, "gridbook/syncproto")
				case strings.Contains(strings.Split(pkg, "/")[0], "."):
					return !within(pkg, "github.com/vmihailenco/msgpack/v5", "github.com/klauspost/compress",
						"github.com/andybalholm/brotli", "golang.org/x/text", "golang.org/x/crypto", "filippo.io/age")
				default:
					return !pureStandard(pkg)
				}
			},
			reason: "the simulation and both sides drive the same code: it gets time, randomness, files and network handed in",
		},
		{
			folder: "syncproto", except: "syncproto/envelope",
			banned: func(pkg string) bool { return within(pkg, "filippo.io/age") },
			reason: "age draws randomness of its own: only what seals files for sticks, outside of the simulation, may use it",
		},
		{
			folder: "syncproto", tests: true,
			banned: func(pkg string) bool { return within(pkg, "gridbook/app", "gridbook/server") },
			reason: "what both sides stand on cannot stand on one of them",
		},
		{
			folder: "app", tests: true,
			banned: func(pkg string) bool { return within(pkg, "gridbook/server") },
			reason: "the laptop knows the server by the protocol only; tests of both together live in build/e2e",
		},
		{
			folder: "server", tests: true,
			banned: func(pkg string) bool { return within(pkg, "gridbook/app") },
			reason: "the server knows laptops by the protocol only; tests of both together live in build/e2e",
		},
		{
			folder: "", except: "app/desktop", tests: true,
			banned: func(pkg string) bool { return within(pkg, "github.com/wailsapp") },
			reason: "only app/desktop knows the window, so that all else runs and is tested without one",
		},
		{
			folder: "", except: "app/desktop", tests: true,
			banned: func(pkg string) bool { return pkg == "C" },
			reason: "all but the window builds with CGO_ENABLED=0, for servers and scripts",
		},
		{
			folder: "", except: "build", tests: false,
			banned: func(pkg string) bool {
				return within(pkg, "testing", "net/http/httptest", "pgregory.net/rapid") && pkg != "testing/fstest"
			},
			reason: "test helpers stay out of the program; contract suites have packages of their own",
		},
	}
}

// suites are packages that only tests import: they may import testing.
func suite(path string) bool {
	for _, part := range strings.Split(path, "/") {
		if strings.HasSuffix(part, "test") || part == "syncsim" {
			return true
		}
	}
	return false
}

func TestImports(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		for _, b := range bans() {
			if b.folder != "" && !s.under(b.folder) || b.except != "" && s.under(b.except) || s.test() && !b.tests {
				continue
			}
			for _, pkg := range s.imports() {
				used[pkg] = true
				if b.banned(pkg) && !(suite(s.path) && within(pkg, "testing", "pgregory.net/rapid", "net/http/httptest")) {
					t.Errorf("%s imports %s, but %s", s.path, pkg, b.reason)
				}
			}
		}
	}
	if !used["gridbook/syncproto"] {
		t.Error("no file imports gridbook/syncproto: the rules look at nothing")
	}
}

// The rules must be able to fail.
func TestBansBite(t *testing.T) {
	for _, c := range []struct{ path, pkg string }{
		{"syncproto/x.go", "os"},
		{"syncproto/x.go", "net/http"},
		{"syncproto/ledger/x.go", "crypto/rand"},
		{"syncproto/x.go", "math/rand/v2"},
		{"syncproto/x.go", "github.com/cenkalti/backoff/v4"},
		{"syncproto/x.go", "gridbook/app/service"},
		{"syncproto/x_test.go", "gridbook/server/boltstore"},
		{"app/service/x.go", "gridbook/server/boltstore"},
		{"app/service/x_test.go", "gridbook/server/httpapi"},
		{"server/httpapi/x.go", "gridbook/app/service"},
		{"app/bridge/x.go", "github.com/wailsapp/wails/v2/pkg/runtime"},
		{"server/x.go", "C"},
		{"app/service/x.go", "testing"},
	} {
		s := source{path: c.path}
		bitten := slices.ContainsFunc(bans(), func(b ban) bool {
			in := (b.folder == "" || s.under(b.folder)) && (b.except == "" || !s.under(b.except)) && (!s.test() || b.tests)
			return in && b.banned(c.pkg)
		})
		if !bitten {
			t.Errorf("nothing keeps %s from importing %s", c.path, c.pkg)
		}
	}
}

// uses lists the selectors of a file, such as time.Now.
func (s source) uses() []string {
	var out []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok {
				out = append(out, id.Name+"."+sel.Sel.Name)
			}
		}
		return true
	})
	return out
}

func TestProtocolReadsNoClock(t *testing.T) {
	clock := []string{"time.Now", "time.Since", "time.Until", "time.After", "time.AfterFunc", "time.Sleep",
		"time.Tick", "time.NewTimer", "time.NewTicker", "time.LoadLocation", "time.Local"}
	for _, s := range sources(t) {
		if !s.under("syncproto") || s.test() || s.under("syncproto/syncsim") {
			continue
		}
		for _, use := range s.uses() {
			if slices.Contains(clock, use) {
				t.Errorf("%s uses %s, but the protocol gets its time handed in: a simulated year must take seconds", s.path, use)
			}
		}
	}
}

func TestTopLevel(t *testing.T) {
	allowed := []string{"main.go", "house_test.go", "house_style_test.go", "wails.json", "go.mod", "go.sum", "Makefile", "README.md",
		"README.zh-CN.md", "LICENSE", "docs", "syncproto", "app", "server", "frontend", "build"}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s stands at the top level, which stays as docs describe it: %s", e.Name(), strings.Join(allowed, " "))
		}
	}
}

func TestPackageNames(t *testing.T) {
	vague := []string{"utils", "util", "common", "helpers", "helper", "misc", "base", "shared", "lib"}
	for _, s := range sources(t) {
		if name := s.file.Name.Name; slices.Contains(vague, name) || slices.Contains(vague, path.Base(path.Dir(s.path))) {
			t.Errorf("%s: package %s says nothing of what is in it", s.path, name)
		}
	}
}

func TestNoInitAndNoSkips(t *testing.T) {
	for _, s := range sources(t) {
		for _, decl := range s.file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has an init function: what is wired is wired where one can read it", s.path)
			}
		}
		if !s.test() && !suite(s.path) {
			continue
		}
		for _, use := range s.uses() {
			if strings.HasSuffix(use, ".Skip") || strings.HasSuffix(use, ".Skipf") || strings.HasSuffix(use, ".SkipNow") {
				t.Errorf("%s uses %s: a skipped test hides what it should show", s.path, use)
			}
			if use == "time.Sleep" && !strings.Contains(s.text, "synctest.") && !s.under("build") {
				t.Errorf("%s sleeps: wait for what is expected, or use testing/synctest", s.path)
			}
		}
	}
}
