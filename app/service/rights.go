package service

import (
	"errors"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// placed adds the village to a new record that follows no other.
func (w *writing) placed(k syncproto.Key, sets []syncproto.FieldValue) ([]syncproto.FieldValue, error) {
	probe := syncproto.NewRecord(k.Collection, k.ID)
	for _, s := range sets {
		probe.Write(s.Tag, syncproto.Stamp{}, s.Value)
	}
	if !probe.Value(ledger.TagVillage).IsNull() {
		return sets, nil
	}
	if _, follows := ledger.Parent(probe); follows {
		return sets, nil
	}
	place := w.me.Village()
	if ledger.ClassOf(k.Collection) == ledger.Shared {
		place = w.me.Township
	}
	if place == "" {
		return nil, &syncproto.Error{Code: syncproto.CodePlace, Message: "没有写明属于哪个村",
			Hint: "请填上“村(社区)”：12 位区划代码。"}
	}
	return append(sets, syncproto.FieldValue{Tag: ledger.TagVillage, Value: syncproto.TextOf(place)}), nil
}

// allowed checks that this person may write the record where it is.
func (w *writing) allowed(rec *syncproto.Record) error {
	home, err := w.home(rec)
	if err != nil {
		return err
	}
	me := w.me
	if ledger.MayWrite(me.Role, me.Scope, rec.Collection, home) {
		return nil
	}
	// What was given away is still this laptop's to write until that went up.
	was, err := w.agreedHome(rec)
	if err != nil {
		return err
	}
	if was != home && ledger.MayWrite(me.Role, me.Scope, rec.Collection, was) {
		return nil
	}
	c := ledger.Must(rec.Collection)
	if home != "" && !ledger.MayRead(me.Role, me.Scope, rec.Collection, home) {
		return &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: placeName(home) + "的" + c.Label + "不归这台电脑管",
			Hint: "这台电脑管的是" + placeName(me.Scope) + "。请核对所填的村，或请那边的同志录入。"}
	}
	return &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "“" + me.RoleName() + "”不能修改" + c.Label,
		Hint: "请联系村书记或乡镇(街道)办理。"}
}

// ownGrid checks that a grid worker who was invited for one grid writes there.
func (w *writing) ownGrid(rec *syncproto.Record) error {
	var failed error
	code, other := ledger.OtherGrid(w.me.Role, w.me.Scope, rec, func(k syncproto.Key) *syncproto.Record {
		up, err := w.tx.Get(k)
		failed = errors.Join(failed, err)
		return up
	})
	if failed != nil || !other {
		return failed
	}
	return &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "这一条属于别的网格（" + code + "）",
		Hint: "这台电脑只管网格 " + w.me.Scope + "。请联系那边的网格员或村书记。"}
}

// home is the place of a record. Those that many records follow are kept.
func (w *writing) home(rec *syncproto.Record) (string, error) {
	k, follows := ledger.Parent(rec)
	if !follows {
		return rec.Value(ledger.TagVillage).Text(), nil
	}
	if home, ok := w.homes[k]; ok && home != "" {
		return home, nil
	}
	var failed error
	home := ledger.Home(rec, func(k syncproto.Key) (*syncproto.Record, bool) {
		up, err := w.tx.Get(k)
		failed = errors.Join(failed, err)
		return up, up != nil
	})
	w.homes[k] = home
	return home, failed
}

// agreedHome is the place of a record as the server has it, "" for what it
// does not have.
func (w *writing) agreedHome(rec *syncproto.Record) (string, error) {
	var failed error
	agreed := func(k syncproto.Key) (*syncproto.Record, bool) {
		up, err := w.tx.Agreed(k)
		failed = errors.Join(failed, err)
		return up, up != nil
	}
	if known, ok := agreed(rec.Key); ok {
		rec = known
	} else if _, follows := ledger.Parent(rec); !follows {
		return "", failed
	}
	return ledger.Home(rec, agreed), failed
}

func notFound(message string) error {
	return &syncproto.Error{Code: syncproto.CodeNotFound, Message: message, Hint: "请刷新列表后再试。"}
}
