package office

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"time"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// InviteDays is how many days an invitation is good for unless said
// otherwise, MaxInviteDays the most that can be said.
const (
	InviteDays    = 14
	MaxInviteDays = 90
)

// InviteRequest says whom to invite.
type InviteRequest struct {
	Role   string
	Scope  string // place code
	Person string
	Days   int // 0: InviteDays
	// Address overrides where laptops reach the server, for this invitation.
	Address string
	// Unlisted lets pass a village that the table of places does not have.
	Unlisted bool
	Who      string // for the audit
}

// Issued is an invitation with what people want to know of it.
type Issued struct {
	Invitation syncproto.Invitation
	Expires    int64 // ms since 1970
}

// Invite makes an invitation. Its secret is nowhere else. Errors: CodeUsage,
// CodePlace, CodeScope.
func (o *Office) Invite(q InviteRequest) (Issued, error) {
	var out Issued
	secret := make([]byte, syncproto.SecretSize)
	if _, err := io.ReadFull(o.rand, secret); err != nil {
		return out, fmt.Errorf("secret of an invitation: %w", err)
	}
	if q.Days == 0 {
		q.Days = InviteDays
	}
	err := o.store.Update(func(tx Tx) error {
		s, err := tx.State()
		if err != nil {
			return err
		}
		if err := checkInvite(tx, s, q); err != nil {
			return err
		}
		made := o.now()
		out.Expires = made + int64(q.Days)*(24*time.Hour).Milliseconds()
		out.Invitation, err = address(tx, q.Address)
		if err != nil {
			return err
		}
		out.Invitation.Secret, out.Invitation.Township = secret, s.Township
		inv := &Invite{Hash: sha256.Sum256(secret), Role: q.Role, Scope: q.Scope, Person: q.Person, Made: made, Expires: out.Expires}
		if err := tx.PutInvite(inv); err != nil {
			return err
		}
		return o.audit(tx, q.Who, ActInvite, q.Role+" "+q.Scope, q.Person)
	})
	if err != nil {
		return Issued{}, fmt.Errorf("invite: %w", err)
	}
	return out, nil
}

func checkInvite(tx Tx, s syncproto.HubState, q InviteRequest) error {
	role := ledger.Role(q.Role)
	switch {
	case !role.Valid():
		return usage(fmt.Sprintf("没有“%s”这种角色。", q.Role), "--role 可填 township（乡镇）、village（村）、grid（网格员）、inspector（检查）。")
	case strings.TrimSpace(q.Person) == "":
		return usage("没有填姓名。", "请加上 --person，填使用这台电脑的人。")
	case q.Days < 0 || q.Days > MaxInviteDays:
		return usage(fmt.Sprintf("有效期 %d 天不行。", q.Days), fmt.Sprintf("--days 可填 1 到 %d。", MaxInviteDays))
	case !ledger.ValidScope(role, q.Scope):
		return &syncproto.Error{
			Code:    syncproto.CodePlace,
			Message: fmt.Sprintf("区划代码“%s”不适合角色 %s。", q.Scope, q.Role),
			Hint:    "乡镇填 9 位代码，村和网格员填 12 位村代码（网格员也可填 15 位网格编码），检查两种都行。",
		}
	case ledger.TownshipOf(q.Scope) != s.Township:
		return &syncproto.Error{
			Code:    syncproto.CodeTownship,
			Message: fmt.Sprintf("%s 不在 %s（%s）范围内。", q.Scope, s.Name, s.Township),
			Hint:    "请核对代码；别的乡镇（街道）要在自己的服务器上邀请。",
		}
	}
	village := ledger.Area(q.Scope)
	if len(village) == 9 || q.Unlisted {
		return nil
	}
	if _, ok := ledger.PlaceOf(village); ok {
		return nil
	}
	// A village that someone works in already needs no second confirmation.
	if sum, err := tx.Sum(syncproto.VillageScope(village), syncproto.AllDays); err != nil || sum.Count > 0 {
		return err
	}
	return &syncproto.Error{
		Code:    syncproto.CodePlace,
		Message: fmt.Sprintf("区划表里没有代码为 %s 的村（社区）。", village),
		Hint:    "请核对代码；如果确实是新设的村（社区），请加 --unlisted 再执行一次。",
	}
}

// address begins an invitation with where the server is and its certificate.
func address(tx Tx, override string) (v syncproto.Invitation, err error) {
	v.Address = override
	if v.Address == "" {
		stored, err := tx.Setting(settingAddress)
		if err != nil {
			return v, err
		}
		v.Address = string(stored)
	}
	if v.Address == "" {
		return v, usage("还不知道各村电脑用什么地址连接服务器。",
			"请先执行 gridbookd serve，或者加上 --address，例如 --address https://10.0.0.5:8443。")
	}
	if strings.HasPrefix(v.Address, "http://") {
		return v, nil
	}
	keys, err := readKeys(tx)
	if err != nil {
		return v, err
	}
	v.Certificate = keys.Fingerprint()
	return v, nil
}

func usage(message, hint string) error {
	return &syncproto.Error{Code: syncproto.CodeUsage, Message: message, Hint: hint}
}
