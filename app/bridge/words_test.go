package bridge_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"gridbook/app/bridge"
	"gridbook/syncproto"
)

// Whatever code reaches a screen, a person can read what happened and what to
// do. The codes are read from their source, so that a new one is not forgotten.
func TestEveryCodeHasWords(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../syncproto/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	internal := bridge.FaultOf(&syncproto.Error{Code: syncproto.CodeInternal})
	codes := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		codes++
		f := bridge.FaultOf(&syncproto.Error{Code: syncproto.Code(text)})
		if f.Code != text || f.Message == "" || f.Hint == "" || text != internal.Code && f.Message == internal.Message {
			t.Errorf("code %s has no words of its own: %+v", text, f)
		}
		return true
	})
	if codes < 20 {
		t.Fatalf("found only %d codes in the source", codes)
	}
}
