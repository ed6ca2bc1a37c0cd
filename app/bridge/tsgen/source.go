package tsgen

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"
)

// Source holds what reflection does not know of a service.
type Source struct {
	Methods map[string]Method   // by method name
	Values  map[string][]string // by type name: its string constants, in order
}

// Method is what the source says of one method.
type Method struct {
	Doc    string   // the first sentence of its comment
	Params []string // the names of all parameters, context included
}

// ReadSource reads the methods of the named type, and all typed string
// constants, from the Go files at the root of fsys. It fails if one of them
// cannot be parsed.
func ReadSource(fsys fs.FS, typeName string) (Source, error) {
	source := Source{Methods: map[string]Method{}, Values: map[string][]string{}}
	files, err := fs.Glob(fsys, "*.go")
	if err != nil {
		return source, fmt.Errorf("tsgen: list the source: %w", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return source, fmt.Errorf("tsgen: read the source: %w", err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return source, fmt.Errorf("tsgen: parse the source: %w", err)
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if receiver(decl) == typeName {
					source.Methods[decl.Name.Name] = describe(decl)
				}
			case *ast.GenDecl:
				source.constants(decl)
			}
		}
	}
	return source, nil
}

// constants notes lines such as PhaseNew Phase = "new".
func (s Source) constants(decl *ast.GenDecl) {
	if decl.Tok != token.CONST {
		return
	}
	for _, spec := range decl.Specs {
		value := spec.(*ast.ValueSpec)
		kind, ok := value.Type.(*ast.Ident)
		if !ok {
			continue
		}
		for _, v := range value.Values {
			if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				s.Values[kind.Name] = append(s.Values[kind.Name], lit.Value)
			}
		}
	}
}

func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) != 1 {
		return ""
	}
	t := fn.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

func describe(fn *ast.FuncDecl) Method {
	m := Method{Doc: new(doc.Package).Synopsis(fn.Doc.Text())}
	for _, field := range fn.Type.Params.List {
		if len(field.Names) == 0 {
			m.Params = append(m.Params, "")
		}
		for _, name := range field.Names {
			m.Params = append(m.Params, name.Name)
		}
	}
	return m
}

// reserved are words that Go takes as parameter names and TypeScript does not.
func reserved(name string) bool {
	switch name {
	case "class", "delete", "enum", "export", "extends", "false", "function", "in", "instanceof",
		"new", "null", "super", "this", "throw", "true", "try", "typeof", "void", "while", "with",
		"yield", "let", "static", "await", "catch", "do", "finally", "transport":
		return true
	}
	return false
}

// param returns the name of parameter i of the Go method, which is argument
// n of the call.
func (m Method) param(i, n int) string {
	if i < len(m.Params) {
		switch name := m.Params[i]; {
		case name == "" || name == "_":
		case reserved(name):
			return name + "_"
		default:
			return name
		}
	}
	return fmt.Sprintf("a%d", n)
}
