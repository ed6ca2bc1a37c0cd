package service

import (
	"encoding/json"
	"fmt"
	"strings"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Identity is whom and what a laptop was enrolled for.
type Identity struct {
	Township     string      `json:"township"` // 9-digit code
	TownshipName string      `json:"township_name"`
	Role         ledger.Role `json:"role"`
	Scope        string      `json:"scope"` // township, village or grid code
	Person       string      `json:"person"`
	Device       string      `json:"device"`
	Recovery     string      `json:"recovery"` // the township's age recipient
}

func identityOf(reply *syncproto.JoinReply, device string) Identity {
	return Identity{
		Township: reply.Township, TownshipName: reply.TownshipName, Role: ledger.Role(reply.Role), Scope: reply.Scope,
		Person: reply.Person, Device: device, Recovery: reply.RecoveryKey,
	}
}

// Village returns the village of a village's or grid's laptop, "" of a
// township's.
func (id Identity) Village() string {
	if area := ledger.Area(id.Scope); ledger.IsVillage(area) {
		return area
	}
	return ""
}

// RoleName returns the role in words.
func (id Identity) RoleName() string { return roleName(id.Role, placeName(id.Scope)) }

// roleName says a role as people do, by the name of its place.
func roleName(role ledger.Role, place string) string {
	ends := func(end string) bool { return strings.HasSuffix(place, end) }
	switch role {
	case ledger.RoleTownship:
		for _, end := range []string{"街道", "镇", "乡"} {
			if ends(end) {
				return end + "干部"
			}
		}
		return "乡镇干部"
	case ledger.RoleVillage:
		switch {
		case ends("村"):
			return "村干部"
		case ends("社区"), ends("居"):
			return "社区干部"
		}
		return "村级干部" // such as a farm
	case ledger.RoleGrid:
		return "网格员"
	case ledger.RoleInspector:
		return "检查人员"
	case ledger.RoleEnded:
		return "已离任"
	}
	return string(role)
}

// mayWriteSome reports whether there is anything that this person may write
// in a collection.
func (id Identity) mayWriteSome(c syncproto.Collection) bool {
	home := ledger.Area(id.Scope)
	if ledger.ClassOf(c) == ledger.Shared {
		home = id.Township
	}
	return ledger.MayWrite(id.Role, id.Scope, c, home)
}

// masks reports whether this person sees a field only masked. Sensitive
// entries of rosters are the village's business; what is written in logs the
// township must read to act on it.
func (id Identity) masks(c *ledger.Collection, f *ledger.Field) bool {
	if f.Privacy != ledger.Sensitive {
		return false
	}
	if c.Class == ledger.Private {
		return true
	}
	return c.Class == ledger.Roster && id.Role != ledger.RoleVillage && id.Role != ledger.RoleGrid
}

// identitySetting is the name under which the store keeps the Identity.
const identitySetting = "identity"

func readIdentity(tx *boltstore.Tx) (Identity, error) {
	var id Identity
	b, err := tx.Setting(identitySetting)
	if err != nil {
		return id, err
	}
	if b == nil {
		return id, &syncproto.Error{Code: syncproto.CodeNotJoined, Message: "这台电脑还没有加入乡镇",
			Hint: "请向乡镇(街道)要一张邀请码，再运行 gridbook join。"}
	}
	if err := json.Unmarshal(b, &id); err != nil {
		return id, fmt.Errorf("service: read the identity: %w", err)
	}
	return id, nil
}

// current is the identity as the township has it now: see heedDuty.
func (id Identity) current(tx *boltstore.Tx) (Identity, error) {
	id, listed, err := id.listed(tx)
	if err != nil || listed {
		return id, err
	}
	var d duty
	if _, err := setting(tx, dutySetting, &d); err != nil {
		return id, err
	}
	return id.under(d), nil
}

// under is the identity of a laptop that is not listed, by its last duty.
func (id Identity) under(d duty) Identity {
	if d.Role != "" {
		id.Role, id.Scope = d.Role, d.Scope
	}
	if d.Ended != 0 {
		id.Role = ledger.RoleEnded
	}
	return id
}

// listed is the identity as the list of devices has it: the township may have
// given the laptop another role or place since it was enrolled.
func (id Identity) listed(tx *boltstore.Tx) (_ Identity, found bool, err error) {
	meta, err := tx.Meta()
	if err != nil {
		return id, false, err
	}
	c := ledger.Must(ledger.Device)
	for rec, err := range tx.Scan(ledger.Device) {
		if err != nil {
			return id, false, err
		}
		role, scope := ledger.Role(rec.Value(c.Tag("role")).Text()), rec.Value(c.Tag("scope")).Text()
		if syncproto.ReplicaID(rec.Value(c.Tag("replica")).Int()) == meta.Replica && ledger.ValidScope(role, scope) {
			id.Role, id.Scope, found = role, scope, true
		}
	}
	return id, found, nil
}

// placeName returns what people call a place.
func placeName(code string) string {
	if p, ok := ledger.PlaceOf(ledger.Area(code)); ok {
		return p.Short()
	}
	return code
}
