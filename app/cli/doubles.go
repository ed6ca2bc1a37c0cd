package cli

import (
	"errors"
	"fmt"
	"strings"

	"gridbook/app/service"
	"gridbook/syncproto"
)

// duplicates prints a line for each proposal, then one for each decision.
func duplicates(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	limit, err := c.number("limit", 500)
	if err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		list, err := l.Book.Doubles("", c.option("village"), limit)
		if err != nil {
			return err
		}
		for _, d := range list.Rows {
			if c.json {
				c.write(c.Stdout, map[string]any{"proposed": d})
				continue
			}
			c.printDouble(d)
		}
		for _, d := range list.Decided {
			word := "不是同一个"
			if d.Same {
				word = "已合并"
			}
			if err := c.out(map[string]any{"decided": d}, "%s  %s：%s ← %s  %s", d.ID, word, d.Keep, d.Drop, d.By); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *call) printDouble(d service.Double) {
	fmt.Fprintf(c.Stdout, "%s  %s  %s\n", d.A.ID, d.B.ID, strings.Join(d.Why, "、"))
	for _, f := range d.Fields {
		mark := " "
		if f.Differs {
			mark = "≠"
		}
		fmt.Fprintf(c.Stdout, "  %s %s：%s | %s\n", mark, f.Label, f.A, f.B)
	}
}

func merge(c *call) error {
	return c.decideAbout(2, func(b *service.Book, ids []syncproto.ID) (service.Written, error) {
		var take []string
		for key := range strings.SplitSeq(c.option("take"), ",") {
			if key = strings.TrimSpace(key); key != "" {
				take = append(take, key)
			}
		}
		return b.Merge(ids[0], ids[1], take)
	}, "已合并。")
}

func notSame(c *call) error {
	return c.decideAbout(2, func(b *service.Book, ids []syncproto.ID) (service.Written, error) { return b.NotSame(ids[0], ids[1]) }, "记下了，以后不再提示。")
}

func unmerge(c *call) error {
	return c.decideAbout(1, func(b *service.Book, ids []syncproto.ID) (service.Written, error) { return b.Unmerge(ids[0]) }, "已撤销。")
}

// decideAbout runs a decision about n records and prints what it changed.
func (c *call) decideAbout(n int, f func(*service.Book, []syncproto.ID) (service.Written, error), done string) error {
	if err := errors.Join(c.need(n), c.ids(c.args)); err != nil {
		return err
	}
	ids := make([]syncproto.ID, n)
	for i, text := range c.args {
		id, err := service.ParseID(text)
		if err != nil {
			return err
		}
		ids[i] = id
	}
	return c.open(func(l *service.Laptop) error {
		w, err := f(l.Book, ids)
		if err != nil {
			return err
		}
		changed := make([]string, 0, len(w.Keys))
		for _, k := range w.Keys {
			changed = append(changed, k.ID.String())
		}
		return c.out(map[string]any{"changed": changed}, "%s", done)
	})
}
