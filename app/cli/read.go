package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gridbook/app/service"
	"gridbook/syncproto"
)

func get(c *call) error {
	if err := errors.Join(c.need(1), c.ids(c.args)); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		line, err := l.Book.Get(c.args[0])
		if err != nil {
			return err
		}
		if c.json {
			c.write(c.Stdout, line)
			return nil
		}
		view, err := l.Book.View(line.Collection, line.ID)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.Stdout, "%s  %s\n", view.ID, view.Title)
		for _, f := range view.Fields {
			if f.Text != "" {
				fmt.Fprintf(c.Stdout, "  %s：%s\n", f.Label, f.Text)
			}
		}
		return nil
	})
}

// number reads an option that is a whole number.
func (c *call) number(name string, otherwise int) (int, error) {
	if !c.has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(c.option(name))
	if err != nil || n < 0 {
		return 0, usage("--"+name+" 要写一个数字", c.Name+" "+c.cmd.name+" "+c.cmd.args)
	}
	return n, nil
}

func list(c *call) error {
	if err := c.need(1); err != nil {
		return err
	}
	limit, err := c.number("limit", 0)
	if err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		query := service.RecordQuery{
			Collection: form(c.args[0]), Village: c.option("village"), Grid: c.option("grid"), Household: c.option("household"),
			State: c.option("state"), From: c.option("from"), To: c.option("to"), Text: c.option("text"), Filter: c.option("filter"),
		}
		return l.Book.List(query, limit, func(line service.Line) error {
			return c.out(line, "%s  %s  %s", line.ID, line.Title, line.Subtitle)
		})
	})
}

func search(c *call) error {
	if len(c.args) == 0 {
		return c.need(1)
	}
	limit, err := c.number("limit", 20)
	if err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		for _, hit := range l.Book.Search(strings.Join(c.args, " "), limit) {
			if err := c.out(hit, "%s  %s  %s  %s", hit.ID, hit.Title, hit.Subtitle, hit.Phone); err != nil {
				return err
			}
		}
		return nil
	})
}

// conflictLine is one field to be decided.
type conflictLine struct {
	ID         string             `json:"id"`
	Collection string             `json:"collection"`
	Village    string             `json:"village"`
	Title      string             `json:"title"`
	Field      string             `json:"field"`
	Label      string             `json:"label"`
	Heads      []service.HeadView `json:"heads"`
	LostOwn    bool               `json:"lost_own"`
}

func conflicts(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	if *c.given["mine"] {
		return c.lostValues()
	}
	return c.open(func(l *service.Laptop) error {
		rows, err := l.Book.Conflicts()
		if err != nil {
			return err
		}
		for _, row := range rows {
			for _, f := range row.Fields {
				c.printConflict(conflictLine{row.ID, row.Collection, row.Village, row.Title, f.Key, f.Label, f.Heads, f.LostOwn})
			}
		}
		return nil
	})
}

func (c *call) printConflict(line conflictLine) {
	if c.json {
		c.write(c.Stdout, line)
		return
	}
	fmt.Fprintf(c.Stdout, "%s  %s  %s（%s）\n", line.ID, line.Title, line.Label, line.Field)
	for _, h := range line.Heads {
		shown := ""
		if h.Shown {
			shown = "  ← 现在显示"
		}
		fmt.Fprintf(c.Stdout, "  %d. %s  %s（电脑 %d）%s\n", h.N, h.Text, h.By, h.Replica, shown)
	}
}

// lostValues prints what was written on this laptop and is not shown, and what
// became of it.
func (c *call) lostValues() error {
	return c.open(func(l *service.Laptop) error {
		l.Book.Loaded()
		list, err := l.Book.LostValues()
		if err != nil {
			return err
		}
		for _, v := range list {
			word := "等人核对，现在显示"
			switch {
			case v.Taken:
				word = "已核对，用了您填的"
			case v.Decided:
				word = "已核对，用的是"
			}
			if err := c.out(v, "%s  %s  %s：您填的是 %s；%s %s  %s", v.ID, v.Title, v.Label, v.Mine, word, v.Shown, v.By); err != nil {
				return err
			}
		}
		return nil
	})
}

func resolve(c *call) error {
	if c.has("all-from") {
		return resolveFrom(c)
	}
	if err := errors.Join(c.need(2), c.ids(c.args[:min(1, len(c.args))])); err != nil {
		return err
	}
	if c.has("take") == c.has("value") {
		return usage("--take 和 --value 要写其中一个", c.Name+" resolve "+c.cmd.args)
	}
	n, err := c.number("take", 0)
	if err != nil {
		return err
	}
	var value any
	if c.has("value") {
		dec := json.NewDecoder(strings.NewReader(c.option("value")))
		dec.UseNumber()
		if err := dec.Decode(&value); err != nil || dec.More() {
			return usage(`--value 要写 JSON，例如 --value '"13800001234"'`, c.Name+" resolve "+c.cmd.args)
		}
	}
	return c.open(func(l *service.Laptop) error {
		id, field := c.args[0], c.args[1]
		if c.has("take") {
			err = l.Book.Take(id, field, n)
		} else {
			err = l.Book.Decide(id, field, value)
		}
		if err != nil {
			return err
		}
		line, err := l.Book.Get(id)
		if err != nil {
			return err
		}
		return c.out(map[string]any{"id": id, "field": field, "value": line.Fields[field]}, "已核对：%s", line.Fields[field])
	})
}

// resolveFrom takes all values of one laptop.
func resolveFrom(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	n, err := c.number("all-from", 0)
	if err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		fields, w, err := l.Book.ResolveFrom(syncproto.ReplicaID(n))
		if err != nil {
			return err
		}
		return c.out(map[string]int{"records": len(w.Keys), "fields": fields}, "已核对 %d 条资料里的 %d 项。", len(w.Keys), fields)
	})
}

func rejected(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		rows, err := l.Book.Rejections()
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := c.out(r, "%s  %s  %s：%s %s", r.ID, r.Label, r.Title, r.Message, r.Hint); err != nil {
				return err
			}
		}
		return nil
	})
}

func retry(c *call) error {
	if len(c.args) > 1 {
		return c.need(1)
	}
	if err := c.ids(c.args); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		id := ""
		if len(c.args) == 1 {
			id = c.args[0]
		}
		n, err := l.Book.Retry(id)
		if err != nil {
			return err
		}
		return c.out(map[string]int{"retried": n}, "%d 条重新排队，下次同步时上传。", n)
	})
}
