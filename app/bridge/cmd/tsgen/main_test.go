package main

import (
	"bytes"
	"os"
	"testing"
)

func TestGeneratedIsFresh(t *testing.T) {
	const root = "../../../.."
	want, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(target(root))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s does not match app/service: run \"go generate ./app/desktop\"", target(""))
	}
}
