package importer

import (
	"fmt"
	"testing"
)

func TestSamplesDebug(t *testing.T) {
	b := newBook(t)
	for round := range 2 {
		for _, s := range samples() {
			p := b.take(s.kind, s.name, sample(t, s.name), shaxi)
			fmt.Println(round, s.kind, p.Rows, p.Created, p.Updated, p.Unchanged, len(p.Refused), len(p.Aside), p.Notes)
			for i, r := range p.Refused {
				if i < 5 {
					fmt.Println("   ", r)
				}
			}
			for i, r := range p.Aside {
				if i < 5 {
					fmt.Println("   aside", r)
				}
			}
		}
		p := b.take(Households, "下裴村-住户花名册.csv", sample(t, "下裴村-住户花名册.csv"), xiapei)
		fmt.Println(round, p.Rows, p.Created, p.Updated, p.Unchanged, len(p.Refused), len(p.Aside), p.Notes)
	}
}
