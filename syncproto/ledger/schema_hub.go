package ledger

// hubCollections is what the township's server writes by itself. Each record
// carries its seal, so that a copy of it that comes back after a restore can
// be told from a forged one.
func hubCollections() []Collection {
	return []Collection{
		// What was erased by law. Everyone who could hold the record holds
		// this, so that an old backup of the server cannot bring it back.
		{Number: Erased, Key: "erased", Label: "彻底清除", Writer: RoleTownship, Fields: []Field{
			{Tag: 4, Key: "collection", Label: "哪类资料", Type: Text, Required: true, Max: 40},
			{Tag: 5, Key: "record", Label: "哪条", Type: Ref, Required: true},
			{Tag: 6, Key: "at", Label: "时间", Type: Instant, Required: true},
			{Tag: 7, Key: "reason", Label: "理由", Type: Prose},
			{Tag: 8, Key: "seal", Label: "服务器印记", Type: Hash, Required: true},
		}},
		// Work that came after its author could no longer write there. The
		// township's office reads it and decides; no one else has it.
		{Number: Inbox, Key: "inbox", Label: "乡镇收件", Writer: RoleTownship, Fields: []Field{
			{Tag: 4, Key: "kind", Label: "种类", Type: Enum, Table: "inbox_kind", Required: true},
			{Tag: 5, Key: "collection", Label: "哪类资料", Type: Text, Required: true, Max: 40},
			{Tag: 6, Key: "record", Label: "哪条", Type: Ref, Required: true},
			{Tag: 7, Key: "device", Label: "电脑编号", Type: Int, Required: true},
			{Tag: 8, Key: "person", Label: "谁写的", Type: Name, Privacy: Personal},
			{Tag: 9, Key: "reason", Label: "为什么到这里", Type: Prose},
			// The fields as they were sent, in the canonical form of the
			// protocol; see syncproto.Item.
			{Tag: 10, Key: "content", Label: "内容", Type: Packed, Required: true, Privacy: Sensitive},
			{Tag: 11, Key: "closed", Label: "内容封存在服务器", Type: Bool},
			{Tag: 12, Key: "received", Label: "收到时间", Type: Instant, Required: true},
			{Tag: 13, Key: "decision", Label: "决定", Type: Enum, Table: "inbox_decision"},
			{Tag: 14, Key: "by", Label: "决定人", Type: Text},
			{Tag: 15, Key: "at", Label: "决定时间", Type: Instant},
			{Tag: 16, Key: "seal", Label: "服务器印记", Type: Hash, Required: true},
			// The seal of what was seen: nobody has decided about more.
			{Tag: 17, Key: "saw", Label: "决定时看到的", Type: Hash},
		}},
		// What the author's laptop keeps of such work: that it is there, what
		// was decided, and the item itself, closed for all but the server. It
		// has no village: no one else holds it, and who has left need not know
		// where a household has gone.
		{Number: Deposit, Key: "deposit", Label: "送审存根", Writer: RoleTownship, Fields: []Field{
			{Tag: 4, Key: "collection", Label: "哪类资料", Type: Text, Required: true, Max: 40},
			{Tag: 5, Key: "record", Label: "哪条", Type: Ref, Required: true},
			// No longer written: where a household has gone is not the author's.
			{Tag: 6, Key: "place", Label: "哪里的", Type: Text},
			{Tag: 7, Key: "reason", Label: "为什么送审", Type: Prose},
			{Tag: 8, Key: "content", Label: "封存的内容", Type: Packed, Required: true, Privacy: Sensitive},
			{Tag: 9, Key: "received", Label: "收到时间", Type: Instant, Required: true},
			{Tag: 10, Key: "decision", Label: "决定", Type: Enum, Table: "inbox_decision"},
			{Tag: 11, Key: "by", Label: "决定人", Type: Text},
			{Tag: 12, Key: "at", Label: "决定时间", Type: Instant},
			{Tag: 13, Key: "seal", Label: "服务器印记", Type: Hash, Required: true},
		}},
	}
}
