package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gridbook/app/service"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

func join(c *call) error {
	byStick := len(c.args) == 2
	if !byStick {
		if err := c.need(1); err != nil {
			return err
		}
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	if err := o.Folder(); err != nil {
		return err
	}
	password, err := c.newPassword("GRIDBOOK_PASSWORD")
	if err != nil {
		return err
	}
	device := c.option("device")
	if device == "" {
		if device, err = os.Hostname(); err != nil {
			device = "电脑"
		}
	}
	enrol := func(o service.Options) (*service.Laptop, error) {
		if byStick {
			return c.joinByStick(o, device, password)
		}
		return service.Join(c.ctx, o, c.args[0], device, password)
	}
	if *c.given["anew"] {
		if err := joinAnew(o, password, enrol); err != nil {
			return err
		}
		enrol = func(o service.Options) (*service.Laptop, error) { return service.Open(o, password) }
	}
	l, err := enrol(o)
	if err != nil {
		return err
	}
	me := l.Book.Identity()
	if err := l.Close(); err != nil {
		return err
	}
	return c.out(map[string]string{
		"township": me.Township, "township_name": me.TownshipName, "role": string(me.Role), "scope": me.Scope,
		"person": me.Person, "device": me.Device,
	}, "已加入%s，这台电脑归%s（%s）使用。\n下一步：%s sync", me.TownshipName, me.Person, me.RoleName(), c.Name)
}

// joinAnew puts a new laptop in the place of one whose duty has ended; both
// have the same password.
func joinAnew(o service.Options, password string, enrol func(service.Options) (*service.Laptop, error)) error {
	old, err := service.Open(o, password)
	if err != nil {
		return err
	}
	if err := service.JoinAnew(o, old, enrol); err != nil {
		return errors.Join(err, old.Close())
	}
	return nil
}

// newPassword takes a new password from the environment, or asks twice.
func (c *call) newPassword(variable string) (string, error) {
	first, err := c.secret(variable, "设置密码：")
	if err != nil || c.Env(variable) != "" {
		return first, err
	}
	again, err := c.secret(variable, "再输一次：")
	if err == nil && again != first {
		err = &syncproto.Error{Code: syncproto.CodePassword, Message: "两次输入的密码不一样", Hint: "请再运行一次。"}
	}
	return first, err
}

func importFile(c *call) error {
	if err := c.need(2); err != nil {
		return err
	}
	data, err := readFile(c.args[1])
	if err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		rep, _, err := l.Book.Import(c.args[0], filepath.Base(c.args[1]), data, c.option("village"), *c.given["dry-run"])
		if err != nil {
			return err
		}
		if c.json {
			c.write(c.Stdout, rep)
			return nil
		}
		c.printImport(rep)
		return nil
	})
}

func (c *call) printImport(rep service.ImportReport) {
	verb := "已导入"
	if rep.DryRun {
		verb = "试导（没有写入）"
	}
	fmt.Fprintf(c.Stdout, "%s：共 %d 行，没有变化 %d 行\n", verb, rep.Rows, rep.Unchanged)
	for _, part := range []struct {
		word   string
		counts map[string]int
	}{{"新建", rep.Created}, {"更新", rep.Updated}} {
		for _, key := range ledger.All() {
			if n := part.counts[key.Key]; n > 0 {
				fmt.Fprintf(c.Stdout, "%s%s %d 条\n", part.word, key.Label, n)
			}
		}
	}
	for _, list := range []struct {
		word  string
		notes []service.CellNote
	}{{"没有导入", rep.Refused}, {"先放一边", rep.Aside}} {
		for _, n := range list.notes {
			fmt.Fprintf(c.Stdout, "%s：%s 第 %d 行“%s”：%s\n", list.word, n.Sheet, n.Row, n.Column, n.Message)
		}
	}
	for _, note := range rep.Notes {
		fmt.Fprintln(c.Stdout, note)
	}
}

// maxFile bounds a file that is read as a whole, in bytes.
const maxFile = 256 << 20

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxFile {
		return nil, &syncproto.Error{Code: syncproto.CodeTooLarge, Message: "文件太大", Hint: "请分成几份。"}
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, noFile(path, err)
	}
	return data, nil
}

func noFile(path string, err error) error {
	return &syncproto.Error{Code: syncproto.CodeInput, Message: "打不开文件 " + path, Hint: "请检查文件名，以及它是不是正被别的程序打开。", Err: err}
}

func apply(c *call) error {
	if err := c.need(1); err != nil {
		return err
	}
	in := c.Stdin
	if c.args[0] != "-" {
		f, err := os.Open(c.args[0])
		if err != nil {
			return noFile(c.args[0], err)
		}
		defer f.Close()
		in = f
	}
	return c.open(func(l *service.Laptop) error {
		done, err := l.Book.Apply(in)
		if err != nil {
			return badInput{err}
		}
		for _, line := range done {
			c.write(c.Stdout, line)
		}
		return nil
	})
}

func schema(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	all := ledger.Describe()
	if c.json {
		c.write(c.Stdout, map[string]any{"collections": all})
		return nil
	}
	for _, d := range all {
		fmt.Fprintf(c.Stdout, "%s（%s）\n", d.Collection, d.Label)
		for _, f := range d.Fields {
			marks := []string{f.Type}
			if f.Required {
				marks = append(marks, "必填")
			}
			if f.Privacy != "public" {
				marks = append(marks, f.Privacy)
			}
			if f.Ref != "" {
				marks = append(marks, "→ "+f.Ref)
			}
			var codes []string
			for _, code := range f.Codes {
				codes = append(codes, code.Code+"="+code.Label)
			}
			fmt.Fprintf(c.Stdout, "  %-16s %s  [%s] %s\n", f.Field, f.Label, strings.Join(marks, "，"), strings.Join(codes, " "))
		}
	}
	return nil
}

func dump(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error { return l.Book.Dump(c.Stdout, c.option("village")) })
}

// form names the collections of the forms that people know by other names.
func form(name string) string {
	for plural, key := range map[string]string{
		"grids": "grid", "members": "member", "households": "household", "residents": "resident", "links": "link",
		"visits": "visit", "matters": "matter", "disputes": "dispute", "hazards": "hazard", "activities": "activity",
		"resources": "resource", "branches": "branch", "banquets": "banquet", "house_checks": "house_check",
	} {
		if name == plural {
			return key
		}
	}
	return name
}

func export(c *call) (err error) {
	if err := c.need(2); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		query := service.RecordQuery{Collection: form(c.args[0]), Village: c.option("village"), Grid: c.option("grid")}
		if err := writeFile(c.args[1], func(w io.Writer) error { return l.Book.Export(query, w) }); err != nil {
			return err
		}
		return c.out(map[string]string{"file": c.args[1]}, "已导出到 %s", c.args[1])
	})
}

// writeFile writes beside path and renames, so that a failure leaves what was
// there. Errors: CodeDiskFull, CodeNotFound, CodeNotAllowed, and those of fill.
func writeFile(path string, fill func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".gridbook-*")
	if err == nil {
		defer os.Remove(f.Name()) // gone already when all went well
		if err = fill(f); err == nil {
			err = f.Sync()
		}
		if closing := f.Close(); err == nil {
			err = closing
		}
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
	}
	return notWritten(path, err)
}

// notWritten says why a file could not be written; what has words already
// keeps them.
func notWritten(path string, err error) error {
	var known *syncproto.Error
	var file *fs.PathError
	var name *os.LinkError
	code, hint := syncproto.CodeDiskFull, "请检查磁盘空间，或换一个位置。"
	switch {
	case err == nil || errors.As(err, &known), !errors.As(err, &file) && !errors.As(err, &name):
		return err
	case errors.Is(err, os.ErrNotExist):
		code, hint = syncproto.CodeNotFound, "没有这个文件夹，请核对路径，或换一个位置。"
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		code, hint = syncproto.CodeNotAllowed, "没有权限写在那里，请换一个位置。"
	}
	return &syncproto.Error{Code: code, Message: "文件没有存上：" + path, Hint: hint, Err: err}
}

func report(c *call) error {
	if err := c.need(1); err != nil {
		return err
	}
	if c.args[0] != "monthly" {
		return usage("只有 monthly 这一种报表", c.Name+" report monthly --month 2024-03")
	}
	if c.option("month") == "" {
		return usage("没有写是哪个月", c.Name+" report monthly --month 2024-03")
	}
	return c.open(func(l *service.Laptop) error {
		rows, err := l.Book.Monthly(c.option("month"))
		if err != nil {
			return err
		}
		if c.json {
			c.write(c.Stdout, map[string]any{"month": c.option("month"), "villages": rows})
			return nil
		}
		for _, r := range rows {
			fmt.Fprintf(c.Stdout, "%s：网格 %d（有支部 %d），党员 %d，户 %d（已联 %d），走访 %d 户 %d 次，受理事项 %d，办结 %d，超期 %d，纠纷 %d/%d，隐患 %d/%d\n",
				r.Name, r.Grids, r.GridsWithBranch, r.Members, r.Households, r.Linked, r.Visited, r.Visits, r.Matters, r.Closed,
				r.Overdue, r.Disputes, r.DisputesSettled, r.Hazards, r.HazardsFixed)
		}
		return nil
	})
}

func due(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		list, err := l.Book.Due(c.option("until"))
		if err != nil {
			return err
		}
		for d := range slices.Values(list) {
			if err := c.out(d, "%s  %s  %s  %s（%s）", d.Due, d.Head, d.Address, d.Phone, d.Text); err != nil {
				return err
			}
		}
		return nil
	})
}
