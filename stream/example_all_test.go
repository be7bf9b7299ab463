package stream_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Every function that adds an operator has an example that is run: those that take options, and Union.
func TestEveryOperatorHasAnExample(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests []*ast.File
	operators := []string{"Union"}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		switch {
		case err != nil:
			t.Fatal(err)
		case strings.HasSuffix(name, "_test.go"):
			tests = append(tests, f)
		default:
			operators = append(operators, optional(f)...)
		}
	}
	examples := map[string]bool{}
	for _, e := range doc.Examples(tests...) {
		examples[e.Name] = e.Output != ""
	}
	for _, name := range operators {
		if !examples[name] {
			t.Errorf("there is no Example%s with an output", name)
		}
	}
	if len(operators) < 31 {
		t.Errorf("only %d operators were found: %q", len(operators), operators)
	}
}

// optional are the exported functions of a file that take options.
func optional(f *ast.File) (names []string) {
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !fn.Name.IsExported() || fn.Type.Params.NumFields() == 0 {
			continue
		}
		params := fn.Type.Params.List
		rest, ok := params[len(params)-1].Type.(*ast.Ellipsis)
		if !ok {
			continue
		}
		if of, ok := rest.Elt.(*ast.Ident); ok && of.Name == "Option" {
			names = append(names, fn.Name.Name)
		}
	}
	return names
}
