package admin

import (
	"fmt"
	"strconv"
	"strings"

	"gridbook/server/office"
)

// device reads the number of a device from the first argument.
func (c *call) device() (uint32, error) {
	id, err := strconv.ParseUint(c.args[0], 10, 32)
	if err != nil {
		return 0, usage("“"+c.args[0]+"”不是电脑的编号。", "编号用 gridbookd devices 查看，是数字。")
	}
	return uint32(id), nil
}

func role(c *call) error {
	if err := c.need(1); err != nil {
		return err
	}
	id, err := c.device()
	if err != nil {
		return err
	}
	q := office.RoleChange{Device: id, Role: c.option("role"), Scope: c.option("scope"), End: *c.given["end"],
		Reason: c.option("reason"), Unlisted: *c.given["unlisted"], Who: c.Who}
	if q.End == (q.Role != "" || q.Scope != "") {
		return usage("要么填 --role 和 --scope，要么只加 --end。", c.line())
	}
	d, err := c.office.SetRole(q)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%d 号电脑（%s）现在是 %s %s%s。它没上报的内容下次同步时会收上来：不再归它写的，放进乡镇收件，等您决定；不归它看的，上报后从它上面清掉。\n",
		d.Device, d.Person, d.Role, d.Scope, d.Place)
	if q.End {
		text = fmt.Sprintf("%d 号电脑（%s）已结束使用。它没上报的内容下次同步时会收进乡镇收件，然后它上面的资料全部清掉。\n", d.Device, d.Person)
	}
	return c.out(d, text+alike(d))
}

func cameBack(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	r, err := c.office.CameBack()
	if err != nil {
		return err
	}
	var b strings.Builder
	if r.Restored != 0 {
		fmt.Fprintf(&b, "%s 从备份恢复。\n", c.when(r.Restored))
	}
	for _, l := range r.Laptops {
		fmt.Fprintf(&b, "%d  %s  %s %s%s  %s\n", l.Device, l.Person, l.Role, l.Scope, l.Place, c.returned(l))
	}
	for _, s := range r.Strangers {
		fmt.Fprintf(&b, "备份之后加入的：%s  %s %s%s，请重新邀请\n", s.Person, s.Role, s.Scope, s.Place)
	}
	fmt.Fprintln(&b, r.Summary)
	return c.out(r, b.String())
}

// returned says in words how far a laptop is.
func (c *call) returned(l office.ReturnLine) string {
	text := "还没有联系"
	switch l.State {
	case office.ReturnComparing:
		text = "正在核对"
	case office.ReturnEqual:
		text = c.when(l.Equal) + " 核对一致"
	}
	if l.Records == 0 {
		return text
	}
	kinds := make([]string, len(l.GaveBack))
	for i, k := range l.GaveBack {
		kinds[i] = fmt.Sprintf("%s %d", k.Label, k.Records)
	}
	return fmt.Sprintf("%s  补回 %d 条（%s）", text, l.Records, strings.Join(kinds, "、"))
}
