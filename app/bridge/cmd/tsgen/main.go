// Command tsgen writes frontend/src/api/generated.ts from app/service. Run it
// from the root of the project, or by "go generate ./app/desktop".
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"gridbook/app/bridge/tsgen"
	"gridbook/app/service"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := run(root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root string) error {
	text, err := generate(root)
	if err != nil {
		return err
	}
	if err := os.WriteFile(target(root), text, 0o644); err != nil {
		return fmt.Errorf("tsgen: %w", err)
	}
	return nil
}

// target is the file that is written.
func target(root string) string {
	return filepath.Join(root, "frontend", "src", "api", "generated.ts")
}

func generate(root string) ([]byte, error) {
	source, err := tsgen.ReadSource(os.DirFS(filepath.Join(root, "app", "service")), "Service")
	if err != nil {
		return nil, err
	}
	return tsgen.Generate(reflect.TypeFor[*service.Service](), source)
}
