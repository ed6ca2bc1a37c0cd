package cli

import (
	"fmt"
	"slices"
	"strings"

	"gridbook/app/service"
)

// move takes a household elsewhere, or with --back takes an unsent move back.
func move(c *call) error {
	if err := c.need(1); err != nil {
		return err
	}
	id, err := service.ParseID(c.args[0])
	if err != nil {
		return err
	}
	to := service.MoveTo{Household: c.args[0], Village: c.option("village"), Grid: c.option("grid")}
	if back := *c.given["back"]; back == (to.Village != "" || to.Grid != "") {
		return usage("要写 --grid、--village，或者 --back", c.Name+" move "+c.cmd.args)
	}
	return c.open(func(l *service.Laptop) error {
		if *c.given["back"] {
			return c.did(l.Book.MoveBack(id))("已撤销转出。")
		}
		plan, err := l.Book.MovePlan(to)
		if err != nil {
			return err
		}
		if *c.given["dry-run"] {
			return c.out(plan, "%s", planText(plan))
		}
		return c.did(l.Book.Move(to))(planText(plan) + "\n已转。")
	})
}

func planText(p service.Plan) string { return strings.Join(append([]string{p.Text}, p.Lines...), "\n") }

// did prints what an action changed and created.
func (c *call) did(w service.Written, err error) func(done string) error {
	return func(done string) error {
		if err != nil {
			return err
		}
		changed, created := make([]string, 0, len(w.Keys)), []string{}
		for _, k := range w.Keys {
			changed = append(changed, k.ID.String())
		}
		for _, e := range slices.Backward(w.Undo) {
			if e.Delete { // to undo it is to delete it
				created = append(created, e.ID.String())
			}
		}
		return c.out(map[string]any{"changed": changed, "created": created}, "%s", done)
	}
}

// list splits an option at commas.
func (c *call) list(name string) []string {
	var out []string
	for one := range strings.SplitSeq(c.option(name), ",") {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

// gridCommand splits a grid or merges one into another.
func gridCommand(c *call) error {
	if err := c.need(2); err != nil {
		return err
	}
	switch c.args[0] {
	case "split":
		s := service.GridSplit{
			Grid: c.args[1], Name: c.option("name"), Code: c.option("code"), Households: c.list("households"),
			Micros: c.list("micros"), Hamlets: c.list("hamlets"), Members: c.list("members"), Roles: c.list("roles"),
			Leader: c.option("leader"), EndLinks: *c.given["end-links"],
		}
		return c.planned(
			func(b *service.Book) (service.Plan, error) { return b.SplitPlan(s) },
			func(b *service.Book) (service.Written, error) { return b.SplitGrid(s) })
	case "merge":
		m := service.GridMerge{Grid: c.args[1], Into: c.option("into"), Roles: c.list("roles")}
		return c.planned(
			func(b *service.Book) (service.Plan, error) { return b.MergePlan(m) },
			func(b *service.Book) (service.Written, error) { return b.MergeGrid(m) })
	}
	return usage(fmt.Sprintf("grid 后面写 split 或 merge，不是“%s”", c.args[0]), c.Name+" grid "+c.cmd.args)
}

// planned says what an action does, and does it unless --dry-run is given.
func (c *call) planned(plan func(*service.Book) (service.Plan, error), act func(*service.Book) (service.Written, error)) error {
	return c.open(func(l *service.Laptop) error {
		p, err := plan(l.Book)
		if err != nil {
			return err
		}
		if *c.given["dry-run"] {
			return c.out(p, "%s", planText(p))
		}
		return c.did(act(l.Book))(planText(p) + "\n已办。")
	})
}

// duty changes what a member does: roles that end or begin, households handed
// over.
func duty(c *call) error {
	if err := c.need(1); err != nil {
		return err
	}
	d := service.DutyChange{
		Member: c.args[0], End: c.list("end"), HandTo: c.option("to"), Households: c.list("households"),
		Reason: c.option("reason"), Leaves: *c.given["leaves"],
	}
	if role := c.option("begin"); role != "" {
		d.Begin = []service.DutyBegin{{Role: role, Grid: c.option("grid"), Micro: c.option("micro")}}
	}
	return c.planned(
		func(b *service.Book) (service.Plan, error) { return b.DutyPlan(d) },
		func(b *service.Book) (service.Written, error) { return b.ChangeDuties(d) })
}

// duties lists who has, and had, which duty.
func duties(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		list, err := l.Book.Duties(c.option("grid"), c.option("member"))
		if err != nil {
			return err
		}
		for _, d := range list {
			if err := c.out(d, "%s  %s  %s %s  %s 至 %s", d.ID, d.Name, d.Place, d.Role, d.From, d.To); err != nil {
				return err
			}
		}
		return nil
	})
}

// deposits lists what this laptop wrote and the township was to decide about.
func deposits(c *call) error {
	return c.open(func(l *service.Laptop) error {
		all, err := l.Book.Deposits(0)
		if err != nil {
			return err
		}
		for _, d := range all.Rows {
			word := map[string]string{"": "等待决定", "take": "已收下", "dismiss": "没有收"}[d.Decision]
			if err := c.out(d, "%s  %s  %s：%s", d.ID, d.Label, word, d.Reason); err != nil {
				return err
			}
		}
		return nil
	})
}

// inbox lists the township's inbox, or decides about one piece.
func inbox(c *call) error {
	take, dismiss := c.has("take"), c.has("dismiss")
	if err := c.need(0); err != nil {
		return err
	}
	if c.has("mine") && (take || dismiss) {
		return usage("--mine 只用来看", c.Name+" inbox "+c.cmd.args)
	}
	if c.has("mine") {
		return deposits(c)
	}
	if take || dismiss {
		if take && dismiss {
			return usage("--take 和 --dismiss 只写一个", c.Name+" inbox "+c.cmd.args)
		}
		id, decision := c.option("take"), "take"
		if dismiss {
			id, decision = c.option("dismiss"), "dismiss"
		}
		parsed, err := service.ParseID(id)
		if err != nil {
			return err
		}
		return c.open(func(l *service.Laptop) error {
			return c.did(l.Book.DecideInbox(parsed, decision, ""))("已记下，下次同步时办。")
		})
	}
	return c.open(func(l *service.Laptop) error {
		list, err := l.Book.Inbox(500)
		if err != nil {
			return err
		}
		for _, item := range list.Rows {
			if c.json {
				c.write(c.Stdout, item)
				continue
			}
			word := map[string]string{"take": "已收下", "dismiss": "没有收"}[item.Decision]
			if word == "" {
				word = map[bool]string{true: "等您决定", false: "已并入，供知悉"}[item.Held]
			}
			fmt.Fprintf(c.Stdout, "%s  %s %s  %s  %s：%s\n", item.ID, item.Label, item.Title, item.Person, word, item.Reason)
			for _, f := range item.Fields {
				fmt.Fprintf(c.Stdout, "  %s：送来 %s | 现在 %s\n", f.Label, f.Came, f.Now)
			}
		}
		return nil
	})
}
