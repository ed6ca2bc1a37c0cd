package cli

import (
	"fmt"

	"gridbook/app/boltstore"
	"gridbook/app/service"
)

func sync(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		done, err := l.Sync.SyncNow(c.ctx)
		if err != nil {
			return err
		}
		if s, err := l.SyncStatus(); err == nil && s.Clock != nil {
			fmt.Fprintf(c.Stderr, "%s\n%s\n", s.Clock.Message, s.Clock.Hint)
		}
		if c.json {
			c.write(c.Stdout, done)
			return nil
		}
		fmt.Fprintf(c.Stdout, "同步完成：上传 %d 条，收到 %d 条，被退回 %d 条\n", done.Sent, done.Received, done.Rejected)
		if done.Verified.Equal {
			fmt.Fprintf(c.Stdout, "与服务器一致，共 %d 条\n", done.Verified.Records)
		} else {
			fmt.Fprintln(c.Stdout, "还没有与服务器核对一致，下次同步会自动再核对")
		}
		return nil
	})
}

// statusLine is what status prints.
type statusLine struct {
	ToSend       int                `json:"to_send"`
	Sent         int                `json:"sent"`
	Rejected     int                `json:"rejected"`
	Conflicts    int                `json:"conflicts"`
	LastVerified int64              `json:"last_verified"` // ms since 1970; 0: never equal
	NextTry      int64              `json:"next_try"`      // ms since 1970; 0: none planned
	Verified     service.Verified   `json:"verified"`
	ByKind       []service.KindLeft `json:"by_kind"`
}

func status(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		l.Book.Loaded()
		s, err := l.SyncStatus()
		if err != nil {
			return err
		}
		line := statusLine{
			ToSend: s.ToSend, Sent: s.Sent, Rejected: s.Rejected, Conflicts: s.Conflicts, NextTry: s.NextTry,
			Verified: s.Verified, ByKind: append([]service.KindLeft{}, s.ByKind...),
		}
		if s.Verified.Equal {
			line.LastVerified = s.Verified.At
		}
		return c.out(line, "待上传 %d 条，已上传 %d 条，被退回 %d 条，待核对 %d 条", s.ToSend, s.Sent, s.Rejected, s.Conflicts)
	})
}

func backup(c *call) error {
	if err := c.need(1); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		if err := l.Store.Backup(c.args[0]); err != nil {
			return err
		}
		return c.out(map[string]string{"file": c.args[0]}, "已备份到 %s，并核对无误", c.args[0])
	})
}

func restore(c *call) error {
	if err := c.need(1); err != nil {
		return err
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	password, err := c.secret("GRIDBOOK_PASSWORD", "备份时的密码：")
	if err != nil {
		return err
	}
	if err := service.Restore(o, c.args[0], password); err != nil {
		return err
	}
	return c.out(map[string]string{"data": o.Dir}, "已恢复。请运行一次 %s sync，取回备份之后的内容。", c.Name)
}

func passwd(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	return c.openWith("现在的密码：", func(l *service.Laptop, old string) error {
		replacement, err := c.newPassword("GRIDBOOK_NEW_PASSWORD")
		if err != nil {
			return err
		}
		if err := l.ChangePassword(old, replacement); err != nil {
			return err
		}
		return c.out(map[string]bool{"changed": true}, "密码已修改")
	})
}

// verifyLine is what verify prints.
type verifyLine struct {
	Whole   bool `json:"whole"`
	Records int  `json:"records"`
	ToSend  int  `json:"to_send"`
}

func verify(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		rep, err := l.Store.Verify()
		if err != nil {
			return err
		}
		return c.out(verifyOf(rep), "数据完好：%d 条，待上传 %d 条", rep.Records, rep.Unsent)
	})
}

func verifyOf(rep boltstore.Report) verifyLine {
	return verifyLine{Whole: true, Records: rep.Records, ToSend: rep.Unsent}
}
