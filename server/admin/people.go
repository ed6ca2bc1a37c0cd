package admin

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gridbook/server/office"
	"gridbook/syncproto/ledger"
)

// invitation is what invite prints with --json.
type invitation struct {
	Invitation string `json:"invitation"`
	Address    string `json:"address"`
	Role       string `json:"role"`
	Scope      string `json:"scope"`
	Person     string `json:"person"`
	Expires    int64  `json:"expires"` // ms since 1970
}

func invite(c *call) error {
	if err := c.need(0, "role", "scope", "person"); err != nil {
		return err
	}
	days, err := c.days(office.InviteDays)
	if err != nil {
		return err
	}
	if a := c.option("address"); a != "" {
		plain := strings.HasPrefix(a, "http://")
		if _, err := publicAddress(a, nil, plain); err != nil {
			return err
		}
	}
	q := office.InviteRequest{
		Role: c.option("role"), Scope: c.option("scope"), Person: c.option("person"), Days: days,
		Address: c.option("address"), Unlisted: *c.given["unlisted"], Who: c.Who,
	}
	out, err := c.office.Invite(q)
	if err != nil {
		return err
	}
	line := out.Invitation.String()
	return c.out(invitation{line, out.Invitation.Address, q.Role, q.Scope, q.Person, out.Expires}, line+"\n")
}

// days reads --days, a positive number.
func (c *call) days(standard int) (int, error) {
	text := c.option("days")
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, usage("--days“"+text+"”不对。", "请填天数，例如 --days 30。")
	}
	return n, nil
}

func devices(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	list, err := c.office.Devices()
	if err != nil {
		return err
	}
	var b strings.Builder
	laptops := office.Laptops(list)
	for _, d := range laptops {
		fmt.Fprintf(&b, "%d  %s  %s %s%s  %s  最近联系 %s  最近上报 %s%s%s\n", d.Device, d.Person, d.Role, d.Scope, d.Place, d.Name,
			c.when(d.Seen), c.when(d.Uploaded), stopped(d), sameLaptop(d))
	}
	return c.out(map[string]any{"devices": list, "laptops": laptops}, b.String())
}

// sameLaptop says under which other numbers a laptop is listed.
func sameLaptop(d office.DeviceLine) string {
	var others []string
	for _, n := range d.Numbers {
		if n != d.Device {
			others = append(others, strconv.FormatUint(uint64(n), 10))
		}
	}
	if len(others) == 0 {
		return ""
	}
	return "  与 " + strings.Join(others, "、") + " 号是同一台电脑（复制或恢复过）"
}

// alike says of a decision which other numbers it is about.
func alike(d office.DeviceLine) string {
	if same := strings.TrimSpace(sameLaptop(d)); same != "" {
		return fmt.Sprintf("%d 号%s，这些编号都照此办理。\n", d.Device, same)
	}
	return ""
}

func stopped(d office.DeviceLine) string {
	switch {
	case d.Revoked != 0:
		return "  已停用"
	case d.Role == string(ledger.RoleEnded):
		return "  已结束使用"
	}
	return ""
}

// when is a time for people.
func (c *call) when(ms int64) string {
	if ms == 0 {
		return "从未"
	}
	return time.UnixMilli(ms).Format("2006-01-02 15:04")
}

func revoke(c *call) error {
	if err := c.need(1); err != nil {
		return err
	}
	id, err := c.device()
	if err != nil {
		return err
	}
	d, err := c.office.Revoke(id, c.Who, c.option("reason"))
	if err != nil {
		return err
	}
	return c.out(d, fmt.Sprintf("已停用 %d 号电脑（%s）。它还没上报的内容仍在那台电脑上，可以导出数据包交来。\n", d.Device, d.Person)+alike(d))
}

func status(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	s, err := c.office.Status()
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s（%s）  共 %d 条资料  %d 台电脑\n", s.Name, s.Township, s.Records, s.Laptops)
	if s.Photos+s.PhotosWaiting > 0 {
		fmt.Fprintf(&b, "照片 %d 张，还有 %d 张没有传到\n", s.Photos, s.PhotosWaiting)
	}
	for _, v := range s.Villages {
		fmt.Fprintf(&b, "%s %s  资料 %d  电脑 %d（核对一致 %d）  最近上报 %s  最近联系 %s\n", v.Village, v.Name, v.Records,
			v.Devices, v.Verified, c.when(v.LastUpload), c.when(v.LastSeen))
	}
	if s.Inbox > 0 {
		fmt.Fprintf(&b, "乡镇收件：%d 件待决定\n", s.Inbox)
	}
	if s.Returns != nil {
		fmt.Fprintf(&b, "%s 从备份恢复过。%s\n", c.when(s.Returns.Restored), s.Returns.Summary)
	}
	for _, i := range s.Waiting {
		fmt.Fprintf(&b, "等待加入：%s（%s %s），邀请码 %s 到期\n", i.Person, i.Role, i.Scope, c.when(i.Expires))
	}
	return c.out(s, b.String())
}

// auditLine is a line of the audit log with --json.
type auditLine struct {
	Number uint64 `json:"number"`
	At     int64  `json:"at"` // ms since 1970
	Who    string `json:"who"`
	Act    string `json:"act"`
	On     string `json:"on"`
	Note   string `json:"note"`
}

// audit prints JSON lines with --json: the log may be long.
func audit(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	days, err := c.days(0)
	if err != nil {
		return err
	}
	var since int64
	if days > 0 {
		since = c.Now().AddDate(0, 0, -days).UnixMilli()
	}
	entries, err := c.office.Audit(since)
	if err != nil {
		return err
	}
	for _, e := range entries {
		text := fmt.Sprintf("%s  %s  %s  %s  %s\n", c.when(e.At), e.Who, e.Act, e.On, e.Note)
		if err := c.out(auditLine{e.Number, e.At, e.Who, e.Act, e.On, e.Note}, text); err != nil {
			return err
		}
	}
	return nil
}
