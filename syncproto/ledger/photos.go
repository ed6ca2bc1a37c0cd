package ledger

import "gridbook/syncproto"

// PhotoTags says where attachments name their photos.
func PhotoTags() syncproto.PhotoTags {
	c := Must(Attachment)
	return syncproto.PhotoTags{
		Collection: Attachment, Hash: c.Tag("sha256"), Size: c.Tag("size"), Deleted: TagDeleted, Arrived: c.Tag("arrived"),
	}
}

// PhotoParents lists the collections whose records can have photos.
func PhotoParents() []*Collection {
	var out []*Collection
	for _, key := range Must(Attachment).Parents {
		c, ok := ByKey(key)
		if !ok {
			panic("ledger: no collection " + key)
		}
		out = append(out, c)
	}
	return out
}

// checkArrived refuses what only the server can know from anyone else.
func checkArrived(rec *syncproto.Record) error {
	if rec.Collection != Attachment {
		return nil
	}
	arrived, _ := rec.Field(Must(Attachment).Tag("arrived"))
	for _, h := range arrived.Heads {
		if h.Stamp.Replica != syncproto.HubReplica {
			return &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "照片到了没有，由服务器登记，不能填写",
				Hint: "请去掉“照片已到服务器”这一项再试。"}
		}
	}
	return nil
}
