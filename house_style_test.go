package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// Sizes at which a file stops being one room. The goals are 400 lines, 60 and
// 8; the limits leave some air, so that nobody cuts a thing in the middle.
const (
	maxFileLines    = 450
	maxTestLines    = 500
	maxFuncLines    = 80
	maxInterfaceLen = 10
)

func TestSizes(t *testing.T) {
	for _, s := range sources(t) {
		limit := maxFileLines
		if s.test() {
			limit = maxTestLines
		}
		if lines := strings.Count(s.text, "\n"); lines > limit {
			t.Errorf("%s has %d lines, more than %d: split it by what its parts are about", s.path, lines, limit)
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, s.path, s.text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if lines := set.Position(n.End()).Line - set.Position(n.Pos()).Line; lines > maxFuncLines && !s.test() && !table(n) {
					t.Errorf("%s: %s has %d lines, more than %d", s.path, n.Name.Name, lines, maxFuncLines)
				}
			case *ast.InterfaceType:
				if methods := n.Methods.NumFields(); methods > maxInterfaceLen {
					t.Errorf("%s: an interface of %d methods at line %d, more than %d", s.path, methods, set.Position(n.Pos()).Line, maxInterfaceLen)
				}
			}
			return true
		})
	}
}

// table reports whether a function does nothing but return one value: such a
// list of rows may be as long as it has rows.
func table(fn *ast.FuncDecl) bool {
	if fn.Body == nil || len(fn.Body.List) != 1 {
		return false
	}
	_, ok := fn.Body.List[0].(*ast.ReturnStmt)
	return ok
}

// Whoever reads an exported name finds what it means beside it.
func TestEverythingExportedIsExplained(t *testing.T) {
	explained := map[string]bool{} // folders whose package has a comment
	for _, s := range sources(t) {
		if s.test() || suite(s.path) {
			continue
		}
		folder := path.Dir(s.path)
		explained[folder] = explained[folder] || s.file.Doc != nil
		for _, decl := range s.file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Name.IsExported() && decl.Doc == nil && exportedReceiver(decl) && !wellKnown(decl.Name.Name) {
					t.Errorf("%s: %s has no comment", s.path, decl.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if name := unexplained(decl, spec); name != "" {
						t.Errorf("%s: %s has no comment", s.path, name)
					}
				}
			}
		}
	}
	for folder, ok := range explained {
		if !ok {
			t.Errorf("the package in %s has no comment that says what it is", folder)
		}
	}
}

// exportedReceiver reports whether a function or method can be seen outside.
func exportedReceiver(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return true
	}
	t := fn.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if index, ok := t.(*ast.IndexExpr); ok {
		t = index.X
	}
	id, ok := t.(*ast.Ident)
	return ok && id.IsExported()
}

// wellKnown are methods whose meaning the standard library has fixed.
func wellKnown(method string) bool {
	switch method {
	case "Error", "String", "Unwrap", "Is", "As", "Len", "Less", "Swap", "Close", "Read", "Write", "Seek",
		"ServeHTTP", "MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "GoString", "Format":
		return true
	}
	return false
}

// unexplained returns the first exported name of a type, const or var line
// that neither the line nor its group explains.
func unexplained(decl *ast.GenDecl, spec ast.Spec) string {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() && decl.Doc == nil && spec.Doc == nil && spec.Comment == nil {
			return spec.Name.Name
		}
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() && decl.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				return name.Name
			}
		}
	}
	return ""
}

// What is committed works on every machine: it names no folder of one.
func TestNoPathsOfOneMachine(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources(t) {
		for _, p := range []string{home, root} {
			// Not in the middle of another path: the project may lie in /src.
			named := regexp.MustCompile(`(^|[^\w./-])` + regexp.QuoteMeta(p+"/"))
			if len(p) > 1 && named.MatchString(s.text) {
				t.Errorf("%s names the folder %s of this machine", s.path, p)
			}
		}
	}
}
