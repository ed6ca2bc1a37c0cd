package tsgen_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gridbook/app/bridge/tsgen"
)

type State string

type Base struct {
	ID string `json:"id"`
}

type Person struct {
	Base
	Name    string           `json:"name"`
	Phone   *string          `json:"phone,omitempty"`
	Mother  *Person          `json:"mother"`
	Tags    []string         `json:"tags"`
	Heads   []*Base          `json:"heads"`
	Extra   map[string][]int `json:"extra"`
	State   State            `json:"state"`
	Born    time.Time        `json:"born"`
	Raw     json.RawMessage  `json:"raw"`
	Photo   []byte           `json:"photo"`
	Secret  string           `json:"-"`
	private int              //nolint:unused // must not appear
	Odd     bool             `json:"odd-name"`
	Plain   float64
	Any     any `json:"any"`
}

type Page[T any] struct {
	Rows  []T    `json:"rows"`
	Total uint64 `json:"total"`
}

type service struct{}

func (*service) ListPeople(ctx context.Context, village string, delete bool) (Page[Person], error) {
	return Page[Person]{}, nil
}
func (*service) SaveID(p Person) error { return nil }
func (*service) Lock()                 {}

const want = `
export interface Base {
  id: string
}

export interface PagePerson {
  rows: Person[]
  total: number
}

export interface Person {
  id: string
  name: string
  phone?: string
  mother: Person | null
  tags: string[]
  heads: (Base | null)[]
  extra: Record<string, number[]>
  state: State
  born: string
  raw: unknown
  photo: string
  'odd-name': boolean
  Plain: number
  any: unknown
}

export type State = 'sent' | 'to_send'

export const api = {
  /** ListPeople lists the people. */
  listPeople: (village: string, delete_: boolean): Promise<PagePerson> => transport.call('ListPeople', [village, delete_]),
  lock: (): Promise<void> => transport.call('Lock', []),
  saveID: (a0: Person): Promise<void> => transport.call('SaveID', [a0]),
}
`

func TestGenerate(t *testing.T) {
	source, err := tsgen.ReadSource(fstest.MapFS{
		"service.go": {Data: []byte("package x\n\n// ListPeople lists\n// the people. More.\nfunc (s *service) ListPeople(ctx context.Context, village string, delete bool) {}\n" +
			"func (other) SaveID(wrong int) {}\n" +
			"const (\n\tSent State = \"sent\" // done\n\tToSend State = \"to_send\"\n\tn = 3\n)\n")},
		"service_test.go": {Data: []byte("not Go")},
	}, "service")
	if err != nil {
		t.Fatal(err)
	}
	got, err := tsgen.Generate(reflect.TypeFor[*service](), source)
	if err != nil {
		t.Fatal(err)
	}
	if _, body, _ := strings.Cut(string(got), "from './transport'\n"); body != want {
		t.Errorf("got:%s\nwant:%s", body, want)
	}
}

func TestReadSourceTakesTheFirstSentence(t *testing.T) {
	source, err := tsgen.ReadSource(fstest.MapFS{"s.go": {Data: []byte(
		"package x\n\n// Lock forgets\n// the key. It is quick.\nfunc (s S) Lock(_ int) {}\n")}}, "S")
	if err != nil {
		t.Fatal(err)
	}
	if got := source.Methods["Lock"].Doc; got != "Lock forgets the key." {
		t.Errorf("doc %q", got)
	}
	if _, err := tsgen.ReadSource(fstest.MapFS{"s.go": {Data: []byte("not Go")}}, "S"); err == nil {
		t.Error("a file that is not Go was accepted")
	}
}

type channels struct{}

func (channels) Watch() chan int { return nil }

type nameless struct{}

func (nameless) Get() struct{ A int } { return struct{ A int }{} }

func TestGenerateRefuses(t *testing.T) {
	for _, service := range []reflect.Type{reflect.TypeFor[channels](), reflect.TypeFor[nameless]()} {
		if _, err := tsgen.Generate(service, tsgen.Source{}); err == nil {
			t.Errorf("%s was accepted", service)
		}
	}
}
