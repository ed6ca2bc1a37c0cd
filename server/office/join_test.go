package office_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"gridbook/server/office"
	"gridbook/syncproto"
)

func TestInviteChecks(t *testing.T) {
	h := newTown(t)
	for _, c := range []struct {
		role, scope, person string
		days                int
		code                syncproto.Code
	}{
		{"village", village, "张三", 0, ""},
		{"grid", village + "001", "李四", 90, ""},
		{"inspector", township, "赵六", 1, ""},
		{"secretary", village, "张三", 0, syncproto.CodeUsage},
		{"village", village, " ", 0, syncproto.CodeUsage},
		{"village", village, "张三", 91, syncproto.CodeUsage},
		{"village", village, "张三", -1, syncproto.CodeUsage},
		{"village", township, "张三", 0, syncproto.CodePlace},
		{"township", village, "张三", 0, syncproto.CodePlace},
		{"village", "33070200920x", "张三", 0, syncproto.CodePlace},
		{"village", "330702009999", "张三", 0, syncproto.CodePlace},
		{"village", "330702008201", "张三", 0, syncproto.CodeTownship},
	} {
		out, err := h.Invite(office.InviteRequest{Role: c.role, Scope: c.scope, Person: c.person, Days: c.days})
		var e *syncproto.Error
		if c.code == "" {
			if err != nil {
				t.Errorf("%+v: %v", c, err)
				continue
			}
			if v, err := syncproto.ParseInvitation(out.Invitation.String()); err != nil || v.Township != township {
				t.Errorf("%+v: %+v, %v", c, v, err)
			}
			continue
		}
		if !errors.As(err, &e) || e.Code != c.code || e.Message == "" || e.Hint == "" {
			t.Errorf("%+v: %v, want %s", c, err, c.code)
		}
	}
	if _, err := h.Invite(office.InviteRequest{Role: "village", Scope: "330702009999", Person: "张三", Unlisted: true}); err != nil {
		t.Errorf("a new village: %v", err)
	}
}

func TestInviteAddress(t *testing.T) {
	h := newTown(t)
	v := h.invite("village", village, "张三").Invitation
	if v.Address != "https://10.0.0.5:8443" || len(v.Certificate) != 32 {
		t.Errorf("%+v", v)
	}
	out, err := h.Invite(office.InviteRequest{Role: "village", Scope: village, Person: "张三", Address: "http://127.0.0.1:80"})
	if err != nil || out.Invitation.Address != "http://127.0.0.1:80" || out.Invitation.Certificate != nil {
		t.Errorf("%+v, %v", out, err)
	}
	if err := h.SetAddress(""); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Invite(office.InviteRequest{Role: "village", Scope: village, Person: "张三"}); syncproto.CodeOf(err) != syncproto.CodeUsage {
		t.Errorf("without an address: %v", err)
	}
}

func TestJoin(t *testing.T) {
	h := newTown(t)
	issued := h.invite("village", village, "张三")
	q := h.joinRequest(issued.Invitation)
	rep := h.join(q)
	if rep.Error != nil || rep.Township != township || rep.TownshipName != "新狮街道" || rep.Role != "village" ||
		rep.Scope != village || rep.Person != "张三" || len(rep.Token) != syncproto.TokenSize || rep.Replica < 2 ||
		!strings.HasPrefix(rep.RecoveryKey, "age1") || !strings.HasPrefix(rep.BundleKey, "age1") || len(rep.SignKey) != 32 {
		t.Fatalf("%+v", rep)
	}
	// The answer was lost: the same request is answered in the same way.
	h.tick(time.Hour)
	again := h.join(q)
	if again.Error != nil || !bytes.Equal(again.Token, rep.Token) || again.Replica != rep.Replica || again.Now != h.now {
		t.Errorf("repeated: %+v", again)
	}
	// Someone else who saw the invitation has another nonce.
	other := h.joinRequest(issued.Invitation)
	if got := h.join(other); codeOf(got) != syncproto.CodeInvitation || !strings.Contains(got.Error.Message, "用过") {
		t.Errorf("another laptop: %+v", got)
	}
	without := h.joinRequest(issued.Invitation)
	without.Nonce = nil
	if got := h.join(without); codeOf(got) != syncproto.CodeInvitation {
		t.Errorf("without a nonce: %+v", got)
	}
	// Once the laptop has come, its answer is not given again.
	l := newLaptop(h, rep)
	if got := l.send(); got.Error != nil {
		t.Fatal(got.Error)
	}
	if got := h.join(q); codeOf(got) != syncproto.CodeInvitation {
		t.Errorf("after an exchange: %+v", got)
	}
	if devices, err := h.Devices(); err != nil || len(devices) != 1 {
		t.Errorf("%+v, %v", devices, err)
	}
}

func TestJoinRefused(t *testing.T) {
	h := newTown(t)
	unknown := syncproto.Invitation{Secret: make([]byte, syncproto.SecretSize)}
	if rep := h.join(h.joinRequest(unknown)); codeOf(rep) != syncproto.CodeInvitation || !strings.Contains(rep.Error.Message, "没有发过") {
		t.Errorf("unknown: %+v", rep)
	}
	issued := h.invite("village", village, "张三")
	newer := h.joinRequest(issued.Invitation)
	newer.Version = syncproto.Version + 1
	if rep := h.join(newer); codeOf(rep) != syncproto.CodeVersion {
		t.Errorf("a newer version: %+v", rep)
	}
	h.now = issued.Expires - 1
	lost := h.joinRequest(issued.Invitation)
	if rep := h.join(lost); rep.Error != nil {
		t.Errorf("in the last moment: %+v", rep)
	}
	h.tick(25 * time.Hour)
	if rep := h.join(lost); codeOf(rep) != syncproto.CodeInvitation {
		t.Errorf("repeated after a day: %+v", rep)
	}
	late := h.invite("village", village, "张三")
	h.now = late.Expires
	if rep := h.join(h.joinRequest(late.Invitation)); codeOf(rep) != syncproto.CodeInvitation || !strings.Contains(rep.Error.Message, "过期") {
		t.Errorf("expired: %+v", rep)
	}
}
