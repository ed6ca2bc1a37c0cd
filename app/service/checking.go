package service

import (
	"context"
	"slices"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// SaveCheck saves an answered checklist and, for each thing that is there, a
// hazard to be followed until it is gone; all in one transaction.
func (s *Service) SaveCheck(ctx context.Context, sheet CheckSheet) (Saved, error) {
	return s.act(func(b *Book) (Written, error) {
		edits, err := b.checkEdits(sheet)
		if err != nil {
			return Written{}, err
		}
		return b.Write(edits)
	})
}

func (b *Book) checkEdits(sheet CheckSheet) ([]edit.Edit, error) {
	var list *ledger.Checklist
	for _, one := range ledger.Checklists() {
		if one.ID == sheet.Kind {
			list = &one
		}
	}
	if list == nil {
		return nil, notFound("没有“" + clip(sheet.Kind, 20) + "”这张检查表")
	}
	shared := map[string]any{"date": dateText(b.today()), "place": sheet.Place}
	if sheet.Household != "" {
		shared["household"] = sheet.Household
	}
	edits, err := saveEdits(ledger.Must(ledger.ChecklistAnswer), syncproto.ID{}, merged(shared, map[string]any{
		"list": sheet.Kind, "present": sheet.Present, "absent": sheet.Absent, "not_applicable": sheet.NotApplicable, "checker": b.Identity().Person,
	}))
	if err != nil {
		return nil, err
	}
	for _, id := range sheet.Present {
		i := slices.IndexFunc(list.Items, func(item ledger.CheckItem) bool { return item.ID == id })
		if i < 0 {
			return nil, notFound("检查表里没有“" + clip(id, 20) + "”这一条")
		}
		item := list.Items[i]
		found, err := saveEdits(ledger.Must(ledger.Hazard), syncproto.ID{}, merged(shared, map[string]any{
			"place": firstOf(sheet.Place, "家中"), "kind": sheet.Kind, "content": item.Text, "grade": item.Action, "state": "open", "item": item.ID,
		}))
		if err != nil {
			return nil, err
		}
		one := found[0]
		one.New = edit.Handle(len(edits) + 1)
		one.Set = append(one.Set, edit.Set{Tag: tagOf(ledger.Hazard, "checklist"), To: edits[0].New})
		edits = append(edits, one)
	}
	return edits, nil
}

// merged joins what forms fill in; the later prevails.
func merged(maps ...map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range maps {
		for key, v := range m {
			out[key] = v
		}
	}
	return out
}
