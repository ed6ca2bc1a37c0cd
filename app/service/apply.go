package service

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Applied is a line of Apply's answer: the id of a record that was put.
type Applied struct {
	Ref string `json:"ref,omitempty"`
	ID  string `json:"id"`
}

// applyLine is one line of an apply file.
type applyLine struct {
	Op         string         `json:"op"`
	Collection string         `json:"collection"`
	Ref        string         `json:"ref"`
	ID         string         `json:"id"`
	Of         string         `json:"of"` // for a companion: the record that it completes
	Fields     map[string]any `json:"fields"`
}

// maxLine bounds a line of an apply file in bytes.
const maxLine = 1 << 20

// Apply writes a file of JSON lines in one transaction, all or nothing:
//
//	{"op":"put","collection":"household","ref":"h1","fields":{"head_name":"张三"}}
//	{"op":"put","collection":"resident","ref":"r1","fields":{"household":"h1","name":"张三"}}
//	{"op":"set","ref":"r1","fields":{"phone":"13800001234"}}
//	{"op":"delete","id":"0123456789abcdefghij"}
//
// A ref is a name for the length of the file; where an id is expected, and in
// fields that refer to records, an earlier ref may stand instead. Fields of a
// private companion may be given with the record that it completes, or put
// with "of". Errors name the line; their code says what is wrong with it.
func (b *Book) Apply(in io.Reader) ([]Applied, error) {
	a := &applying{b: b, refs: map[string]applyRef{}}
	scan := bufio.NewScanner(in)
	scan.Buffer(make([]byte, 64<<10), maxLine)
	for n := 1; scan.Scan(); n++ {
		line := bytes.TrimSpace(bytes.TrimPrefix(scan.Bytes(), []byte("\ufeff")))
		if len(line) == 0 {
			continue
		}
		if err := a.line(n, line); err != nil {
			return nil, inLine(n, err)
		}
	}
	if err := scan.Err(); err != nil {
		return nil, &syncproto.Error{Code: syncproto.CodeInput, Message: "文件读不下去", Hint: "每行是一个 JSON 对象，最长 1 MB。", Err: err}
	}
	w, err := b.Write(a.edits)
	if err != nil {
		var refused *EditError
		if errors.As(err, &refused) {
			return nil, inLine(a.lines[refused.Index], refused.Err)
		}
		return nil, err
	}
	out := make([]Applied, 0, len(a.puts))
	for _, p := range a.puts {
		out = append(out, Applied{p.ref, w.IDs[p.edit].String()})
	}
	return out, nil
}

// inLine names the line in an error's message.
func inLine(n int, err error) error {
	var e *syncproto.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("service: apply line %d: %w", n, err)
	}
	return &syncproto.Error{Code: e.Code, Message: fmt.Sprintf("第 %d 行：%s", n, e.Message), Hint: e.Hint, Err: err}
}

type applying struct {
	b     *Book
	edits []edit.Edit
	lines []int // of each edit
	refs  map[string]applyRef
	puts  []applyPut
}

type applyRef struct {
	handle edit.Handle
	c      *ledger.Collection
}

type applyPut struct {
	ref  string
	edit int
}

func (a *applying) line(n int, raw []byte) error {
	var l applyLine
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return badLine(`不是 {"op":…} 形式的 JSON`, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return badLine("一行里有不止一个 JSON 对象", nil)
	}
	switch l.Op {
	case "put":
		return a.put(n, l)
	case "set", "delete":
		return a.change(n, l)
	}
	return badLine(`op 只能是 put、set 或 delete`, nil)
}

func badLine(message string, cause error) error {
	return &syncproto.Error{Code: syncproto.CodeInput, Message: message, Hint: "请对照 gridbook help apply 里的例子。", Err: cause}
}

func (a *applying) add(n int, e edit.Edit) {
	a.edits, a.lines = append(a.edits, e), append(a.lines, n)
}

func (a *applying) put(n int, l applyLine) error {
	c, ok := ledger.ByKey(l.Collection)
	if !ok {
		return noCollection(l.Collection)
	}
	if c.Companion != "" {
		return a.putCompanion(n, c, l)
	}
	if l.ID != "" || l.Of != "" {
		return badLine("put 是新建，不能写 id；要修改请用 set", nil)
	}
	if _, taken := a.refs[l.Ref]; taken && l.Ref != "" {
		return badLine("ref “"+clip(l.Ref, 30)+"”前面已经用过", nil)
	}
	own, companions, err := FieldSets(c, l.Fields, a.handle)
	if err != nil {
		return err
	}
	handle := edit.Handle(len(a.edits) + 1)
	a.puts = append(a.puts, applyPut{l.Ref, len(a.edits)})
	a.add(n, edit.Edit{Collection: c.Number, New: handle, Set: own})
	if l.Ref != "" {
		a.refs[l.Ref] = applyRef{handle, c}
	}
	a.companions(n, companions, edit.Edit{Companion: handle})
	return nil
}

// companions adds the edits of the private parts of the record that to names.
func (a *applying) companions(n int, parts map[*ledger.Collection][]edit.Set, to edit.Edit) {
	for _, c := range ledger.All() {
		if sets := parts[c]; len(sets) > 0 {
			to.Collection, to.Set = c.Number, sets
			a.add(n, to)
		}
	}
}

// putCompanion takes the record that is completed from "of", "ref" or "id".
func (a *applying) putCompanion(n int, c *ledger.Collection, l applyLine) error {
	own, _, err := FieldSets(c, l.Fields, a.handle)
	if err != nil {
		return err
	}
	e := edit.Edit{Collection: c.Number, Set: own}
	name := firstOf(l.Of, l.Ref, l.ID)
	if r, known := a.refs[name]; known {
		e.Companion = r.handle
	} else if e.CompanionOf, err = parseID(name); err != nil {
		return badLine("要用 of 写明是哪一条"+ledger.Must(c.Number).Label+"：前面的 ref 或编号", err)
	}
	a.puts = append(a.puts, applyPut{l.Ref, len(a.edits)})
	a.add(n, e)
	return nil
}

// handle finds the record that a ref names.
func (a *applying) handle(name string) (edit.Handle, bool) {
	r, ok := a.refs[name]
	return r.handle, ok
}

// change sets fields of a record or deletes it.
func (a *applying) change(n int, l applyLine) error {
	e, c, err := a.target(l)
	if err != nil {
		return err
	}
	if l.Collection != "" && l.Collection != c.Key {
		return badLine("这个编号是"+c.Label+"，不是 "+clip(l.Collection, 30), nil)
	}
	if e.Delete = l.Op == "delete"; e.Delete {
		a.add(n, e)
		return nil
	}
	own, companions, err := FieldSets(c, l.Fields, a.handle)
	if err != nil {
		return err
	}
	e.Set = own
	a.add(n, e)
	a.companions(n, companions, edit.Edit{Companion: e.Companion, CompanionOf: e.ID})
	return nil
}

// target finds the record of a set or delete.
func (a *applying) target(l applyLine) (edit.Edit, *ledger.Collection, error) {
	if (l.ID == "") == (l.Ref == "") {
		return edit.Edit{}, nil, badLine(l.Op+" 要写 id 或 ref 其中一个", nil)
	}
	if l.Ref != "" {
		r, known := a.refs[l.Ref]
		if !known {
			return edit.Edit{}, nil, &syncproto.Error{Code: syncproto.CodeReference, Message: "前面没有 ref “" + clip(l.Ref, 30) + "”",
				Hint: "ref 只在本文件里、先 put 之后才能用；已有的资料请写 id。"}
		}
		return edit.Edit{Collection: r.c.Number, Companion: r.handle}, r.c, nil
	}
	id, err := parseID(l.ID)
	if err != nil {
		return edit.Edit{}, nil, err
	}
	if c, ok := ledger.ByKey(l.Collection); ok {
		return edit.Edit{Collection: c.Number, ID: id}, c, nil
	}
	rec, err := a.b.Find(id)
	if err != nil {
		return edit.Edit{}, nil, err
	}
	return edit.Edit{Collection: rec.Collection, ID: id}, ledger.Must(rec.Collection), nil
}
