package cli

import (
	"errors"
	"fmt"
	"time"

	"gridbook/app/boltstore"
	"gridbook/app/service"
	"gridbook/syncproto"
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
		if done.PhotosUp+done.PhotosDown > 0 {
			fmt.Fprintf(c.Stdout, "照片：上传 %d 张，取回 %d 张\n", done.PhotosUp, done.PhotosDown)
		}
		if p := done.PhotosProblem; p != nil {
			fmt.Fprintf(c.Stdout, "照片没有传完：%s。下次同步会接着传。\n", p.Message)
		}
		return nil
	})
}

// statusLine is what status prints.
type statusLine struct {
	ToSend       int   `json:"to_send"`
	Sent         int   `json:"sent"`
	Rejected     int   `json:"rejected"`
	Conflicts    int   `json:"conflicts"`
	LastVerified int64 `json:"last_verified"` // ms since 1970; 0: never equal
	NextTry      int64 `json:"next_try"`      // ms since 1970; 0: none planned
	// Photos that are still to go up, that are not on this laptop, and that
	// the server did not take.
	PhotosToSend  int                `json:"photos_to_send"`
	PhotosMissing int                `json:"photos_missing"`
	PhotosRefused int                `json:"photos_refused"`
	PhotosShut    *service.Problem   `json:"photos_shut"` // why they cannot be opened, null: they can
	Verified      service.Verified   `json:"verified"`
	Sticks        []service.Stick    `json:"sticks"` // the newest bundles, the newest first
	ByKind        []service.KindLeft `json:"by_kind"`
	// Ended says that the laptop's person has left, null: has not.
	Ended *service.Ended `json:"ended"`
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
			PhotosToSend: s.PhotosToSend, PhotosMissing: s.PhotosMissing, PhotosRefused: s.PhotosRefused,
			PhotosShut: s.PhotosShut, Verified: s.Verified, ByKind: append([]service.KindLeft{}, s.ByKind...),
		}
		if s.Verified.Equal {
			line.LastVerified = s.Verified.At
		}
		if line.Sticks, err = l.Sticks(); err != nil {
			return err
		}
		photos := ""
		if s.PhotosToSend+s.PhotosMissing+s.PhotosRefused > 0 {
			photos = fmt.Sprintf("\n照片待上传 %d 张，不在这台电脑上 %d 张，服务器没有收 %d 张", s.PhotosToSend, s.PhotosMissing, s.PhotosRefused)
		}
		if p := s.PhotosShut; p != nil {
			photos = "\n" + p.Message + "：" + p.Hint
		}
		verdict := "还没有与服务器核对一致"
		if s.Verified.Equal {
			verdict = fmt.Sprintf("与服务器一致，共 %d 条", s.Verified.Records)
		}
		if line.Ended, err = l.Book.Ended(); err != nil {
			return err
		}
		ended := ""
		if e := line.Ended; e != nil {
			ended = fmt.Sprintf("这台电脑已办理离任，不再负责%s；没来得及上传的 %d 条在乡镇(街道)的收件箱\n", e.Place, e.Handed)
		}
		sticks := ""
		if s.Sticks > 0 {
			sticks = fmt.Sprintf("\n有 %d 个 U 盘数据包还没有读回执", s.Sticks)
		}
		return c.out(line, "%s待上传 %d 条，已上传 %d 条，被退回 %d 条，待核对 %d 条%s\n%s%s",
			ended, s.ToSend, s.Sent, s.Rejected, s.Conflicts, photos, verdict, sticks)
	})
}

// notices lists what happened to the laptop, or puts it away.
func notices(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		if id := c.option("seen"); id != "" {
			if id == "all" {
				id = ""
			}
			if err := l.Book.SeenNotice(id); err != nil {
				return err
			}
		}
		list, err := l.Book.Notices()
		if err != nil {
			return err
		}
		for _, n := range list {
			word := ""
			if !n.Seen {
				word = "  （未读）"
			}
			at := time.UnixMilli(n.At).In(c.Now().Location()).Format("2006-01-02 15:04")
			if err := c.out(n, "%s. %s  %s%s\n    %s", n.ID, at, n.Message, word, n.Hint); err != nil {
				return err
			}
		}
		return nil
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
		photos, err := c.backupPhotos(l)
		if err != nil {
			return err
		}
		if photos != "" {
			return c.out(map[string]string{"file": c.args[0], "photos_file": photos},
				"已备份到 %s，资料已核对\n照片已复制到旁边的 %s，请放在一起", c.args[0], photos)
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
	if err := o.Folder(); err != nil {
		return err
	}
	finish, discard, err := restorePhotos(o.Dir, c.args[0])
	if err != nil {
		return err
	}
	if err := service.Restore(o, c.args[0], password); err != nil {
		discard()
		return err
	}
	if err := finish(); err != nil {
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

// maxKey bounds the file of a recovery key in bytes.
const maxKey = 4 << 10

// recoverPassword sets a new password with the township's recovery key.
func recoverPassword(c *call) error {
	if err := c.need(1); err != nil {
		return err
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	key, err := readFile(c.args[0])
	if err != nil {
		return err
	}
	if len(key) > maxKey {
		return &syncproto.Error{Code: syncproto.CodeFileKind, Message: "这不是恢复密钥", Hint: "要的是服务器数据目录里的 recovery.key，里面只有一行字。"}
	}
	replacement, err := c.newPassword("GRIDBOOK_NEW_PASSWORD")
	if err != nil {
		return err
	}
	l, err := service.Recover(o, string(key), replacement)
	if err != nil {
		return err
	}
	if err := l.Close(); err != nil {
		return err
	}
	return c.out(map[string]bool{"changed": true}, "已换上新密码，数据都在。请把恢复密钥收好，不要留在这台电脑上。")
}

// verifyLine is what verify prints.
type verifyLine struct {
	Whole   bool `json:"whole"`
	Records int  `json:"records"`
	ToSend  int  `json:"to_send"`
	Photos  int  `json:"photos"`
	// PhotosDamaged were found damaged now.
	PhotosDamaged int `json:"photos_damaged"`
	// PhotosLost were added here, are not whole any more, and have not arrived.
	PhotosLost int `json:"photos_lost"`
	// PhotosAside is the name under which a damaged file of photos was kept.
	PhotosAside string `json:"photos_aside,omitempty"`
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
		l.Book.Loaded()
		line, damage := verifyPhotos(l, rep)
		said := "数据完好"
		if damage != nil {
			said, line.Whole = "文字资料完好", false
		}
		return errors.Join(damage, c.out(line, "%s：%d 条，待上传 %d 条，照片 %d 张", said, rep.Records, rep.Unsent, line.Photos))
	})
}

func verifyOf(rep boltstore.Report) verifyLine {
	return verifyLine{Whole: true, Records: rep.Records, ToSend: rep.Unsent}
}
