package bridge_test

import (
	"encoding/json"
	"testing"
	"time"

	"gridbook/app/bridge"
)

type tree struct {
	Name     string            `json:"name"`
	Children []tree            `json:"children"`
	Notes    map[string][]int  `json:"notes"`
	Next     *tree             `json:"next"`
	When     time.Time         `json:"when"`
	Raw      json.RawMessage   `json:"raw"`
	Any      any               `json:"any"`
	Pair     [2][]string       `json:"pair"`
	Optional map[string]string `json:"optional,omitempty"`
}

type forest struct{ held tree }

func (f *forest) Get() tree { return f.held }

func TestResultHasNoNilLists(t *testing.T) {
	f := &forest{held: tree{
		Name:     "root",
		Children: []tree{{Name: "leaf", Notes: map[string][]int{"x": nil}, Any: []string(nil)}},
	}}
	d, err := bridge.New(nil, f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Call(t.Context(), "Get", []byte("[]"))
	if err != nil {
		t.Fatal(err)
	}
	const rest = `"next":null,"when":"0001-01-01T00:00:00Z","raw":null,`
	want := `{"name":"root","children":[` +
		`{"name":"leaf","children":[],"notes":{"x":[]},` + rest + `"any":[],"pair":[[],[]]}` +
		`],"notes":{},` + rest + `"any":null,"pair":[[],[]]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if f.held.Notes != nil || f.held.Children[0].Children != nil {
		t.Error("the service's own value was changed")
	}
}
