package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"gridbook/build/stage"
)

// oracle knows every visit that a laptop has accepted, by the words in it.
type oracle struct {
	*town
	home  string // the household that all visits are to
	next  int
	known map[*stage.Laptop][]string
}

// expecting begins with a household that everyone has.
func (w *town) expecting(laptops ...*stage.Laptop) *oracle {
	w.Helper()
	o := &oracle{town: w, known: map[*stage.Laptop][]string{}}
	o.home = w.apply(laptops[0], family(1)...)["h1"]
	w.sync(laptops...)
	return o
}

// visits are n new ones with words that no other has.
func (o *oracle) visits(n int) (ops []op, words []string) {
	for range n {
		o.next++
		words = append(words, fmt.Sprintf("第【%d】次走访", o.next))
		ops = append(ops, visit("", o.home, words[len(words)-1]))
	}
	return ops, words
}

// write saves n visits on a laptop.
func (o *oracle) write(l *stage.Laptop, n int) {
	o.Helper()
	ops, words := o.visits(n)
	o.apply(l, ops...)
	o.known[l] = append(o.known[l], words...)
}

// mark is what the words of a visit look like.
var mark = regexp.MustCompile(`第【\d+】次走访`)

// marks counts the visits of a dump by their words.
func marks(dump []byte) map[string]int {
	out := map[string]int{}
	for _, words := range mark.FindAll(dump, -1) {
		out[string(words)]++
	}
	return out
}

// truthful checks what a laptop says of itself: while the server lacks
// anything that it accepted, there is something to send.
func (o *oracle) truthful(l *stage.Laptop) {
	o.Helper()
	s := o.status(l)
	if s.Rejected != 0 {
		o.Errorf("refused: %+v", s)
	}
	if s.ToSend > 0 {
		return
	}
	server := marks(o.held(""))
	for _, words := range o.known[l] {
		if n := server[words]; n != 1 {
			o.Fatalf("to_send is 0, and the server has %q %d times", words, n)
		}
	}
}

// settled syncs everyone until nothing is left and checks that nothing is
// lost, nothing doubled and everyone the same.
func (o *oracle) settled(laptops ...*stage.Laptop) {
	o.Helper()
	o.sync(laptops...)
	o.sync(laptops...)
	server := o.held(shaxi)
	found := marks(server)
	for _, words := range slices.Concat(slices.Collect(maps.Values(o.known))...) {
		if n := found[words]; n != 1 {
			o.Errorf("the server has %q %d times", words, n)
		}
	}
	for _, l := range laptops {
		if s := o.status(l); s.ToSend != 0 || s.Rejected != 0 || s.Conflicts != 0 {
			o.Errorf("in the end: %+v", s)
		}
		o.same("a laptop and the server", o.dump(l), server)
	}
}
