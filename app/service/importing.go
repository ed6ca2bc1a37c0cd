package service

import (
	"context"
	"errors"
	"iter"
	"slices"

	"gridbook/app/importer"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// ImportKinds lists the kinds of workbooks that can be imported.
func (s *Service) ImportKinds(ctx context.Context) ([]ImportKind, error) {
	var out []ImportKind
	for _, k := range importer.Kinds() {
		out = append(out, ImportKind{Kind: string(k), Label: k.Label()})
	}
	return out, nil
}

// ImportPreview reads an uploaded workbook and says what Import would do.
func (s *Service) ImportPreview(ctx context.Context, kind, upload, village string) (ImportReport, error) {
	return s.imports(kind, upload, village, true)
}

// Import writes an uploaded workbook into the ledger, in one transaction.
func (s *Service) Import(ctx context.Context, kind, upload, village string) (ImportReport, error) {
	return s.imports(kind, upload, village, false)
}

func (s *Service) imports(kind, upload, village string, dry bool) (ImportReport, error) {
	b, err := s.book()
	if err != nil {
		return ImportReport{}, err
	}
	file, err := s.files.Get(upload)
	if err != nil {
		return ImportReport{}, err
	}
	report, w, err := b.Import(kind, file.Name, file.Data, village, dry)
	if err == nil && len(w.Undo) > 0 {
		report.Undo = s.keepUndo(w.Undo)
	}
	return report, err
}

// Import reads a workbook and writes it into the ledger in one transaction;
// with dry it only says what it would do. village may be "" on a village's
// laptop.
func (b *Book) Import(kind, name string, data []byte, village string, dry bool) (ImportReport, Written, error) {
	out := ImportReport{Kind: kind, File: name, DryRun: dry, Created: map[string]int{}, Updated: map[string]int{}}
	village = firstOf(village, b.Identity().Village())
	if village == "" {
		return out, Written{}, &syncproto.Error{Code: syncproto.CodePlace, Message: "没有写明是哪个村的表",
			Hint: "请选一个村(社区)；命令行用 --village 写 12 位区划代码。"}
	}
	set, err := importer.Read(importer.Kind(kind), name, data)
	if err != nil {
		return out, Written{}, err
	}
	present := &present{b: b}
	plan, err := importer.MakePlan(set, present, importer.Options{Village: village, Today: b.today()})
	if err = errors.Join(err, present.failed); err != nil {
		return out, Written{}, err
	}
	out.Rows, out.Unchanged, out.Notes = plan.Rows, plan.Unchanged, plan.Notes
	for key, n := range plan.Created {
		out.Created[key] = n
	}
	for key, n := range plan.Updated {
		out.Updated[key] = n
	}
	out.Refused, out.Aside = cellNotes(plan.Refused), cellNotes(plan.Aside)
	if dry || len(plan.Edits) == 0 {
		return out, Written{}, nil
	}
	w, err := b.Write(plan.Edits)
	return out, w, err
}

func cellNotes(list []importer.Refusal) []CellNote {
	out := make([]CellNote, 0, len(list))
	for _, r := range list {
		out = append(out, CellNote{Sheet: r.Sheet, Row: r.Row, Column: r.Column, Cell: r.Cell, Value: r.Value, Code: r.Code, Message: r.Message})
	}
	return out
}

// present is what the ledger holds already, for the importer.
type present struct {
	b      *Book
	failed error
}

// Records implements importer.Ledger. The records are read before any is given
// out, since the importer may ask for others in between.
func (p *present) Records(c syncproto.Collection) iter.Seq[*syncproto.Record] {
	var all []*syncproto.Record
	err := p.b.store.View(func(tx updater) error {
		for rec, err := range tx.Scan(c) {
			if err != nil {
				return err
			}
			if !ledger.Deleted(rec) {
				all = append(all, rec)
			}
		}
		return nil
	})
	p.failed = errors.Join(p.failed, err)
	return slices.Values(all)
}
