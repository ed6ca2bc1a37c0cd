package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gridbook/app/boltstore"
	"gridbook/app/photos"
	"gridbook/app/service"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// photo adds a picture to a record, lists those of a record, or writes one to
// a file.
func photo(c *call) error {
	if len(c.args) == 0 {
		return usage("要写 add、list、get 或 reopen", c.Name+" photo "+c.cmd.args)
	}
	what := c.args[0]
	c.args = c.args[1:]
	switch what {
	case "add":
		return c.addPhoto()
	case "list":
		return c.listPhotos()
	case "get":
		return c.getPhoto()
	case "reopen":
		return c.reopenPhotos()
	}
	return usage("没有 photo "+what, c.Name+" photo "+c.cmd.args)
}

// photoLine is what photo add prints.
type photoLine struct {
	ID string `json:"id"` // of the photo's own record
	service.PhotoRow
}

func (c *call) addPhoto() error {
	if err := c.need(2); err != nil {
		return err
	}
	file, err := readFile(c.args[1])
	if err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		collection, err := collectionOf(l, c.args[0])
		if err != nil {
			return err
		}
		w, err := l.Book.AddPhoto(collection, c.args[0], file, c.option("caption"))
		if err != nil {
			return err
		}
		list, err := l.Book.Photos(collection, c.args[0])
		if err != nil {
			return err
		}
		id := w.IDs[0].String()
		for _, row := range list.Rows {
			if row.ID == id {
				return c.out(row, "已加照片 %s（%d × %d，%d KB），共 %d 张", row.ID, row.Width, row.Height, (row.Size+1023)>>10, list.Total)
			}
		}
		return c.out(photoLine{ID: id}, "已加照片 %s", id)
	})
}

// collectionOf finds of what kind the record of an id is.
func collectionOf(l *service.Laptop, id string) (string, error) {
	parsed, err := service.ParseID(id)
	if err != nil {
		return "", err
	}
	rec, err := l.Book.Find(parsed)
	if err != nil {
		return "", err
	}
	known, ok := ledger.Lookup(rec.Collection)
	if !ok {
		return "", usage("这条资料不能加照片", "换一条")
	}
	return known.Key, nil
}

func (c *call) listPhotos() error {
	if err := c.need(1); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		collection, err := collectionOf(l, c.args[0])
		if err != nil {
			return err
		}
		list, err := l.Book.Photos(collection, c.args[0])
		if err != nil {
			return err
		}
		if c.json {
			c.write(c.Stdout, list)
			return nil
		}
		fmt.Fprintf(c.Stdout, "照片 %d 张，已到 %d 张\n", list.Total, list.Arrived)
		for _, row := range list.Rows {
			fmt.Fprintf(c.Stdout, "%s  %s  %s  %s  %s\n", row.ID, row.Date, row.Caption, photoState(row), row.SHA256)
		}
		return nil
	})
}

func photoState(row service.PhotoRow) string {
	switch {
	case row.Problem != nil:
		return row.Problem.Message
	case row.Arrived && row.Here:
		return "已到"
	case row.Lost:
		return "照片在这台电脑上坏了，请重新添加"
	case row.Arrived:
		return "已到，这台电脑上还没有"
	case row.Here:
		return "待上传"
	}
	return "还没有传到"
}

// getPhoto writes a picture to a file; one that is not here is fetched.
func (c *call) getPhoto() error {
	if err := c.need(2); err != nil {
		return err
	}
	h, err := syncproto.ParsePhotoHash(c.args[0])
	if err != nil {
		return usage("“"+c.args[0]+"”不是照片的编号", c.Name+" photo list 可以看到，64 个字母和数字")
	}
	return c.open(func(l *service.Laptop) error {
		picture, err := l.Book.Photo(h)
		if err == nil && picture == nil && l.Book.NamesPhoto(h) {
			var done service.SyncDone
			if done, err = l.Sync.SyncNow(c.ctx); err == nil {
				picture, err = l.Book.Photo(h)
			}
			if p := done.PhotosProblem; err == nil && picture == nil && p != nil {
				err = &syncproto.Error{Code: syncproto.Code(p.Code), Message: p.Message, Hint: p.Hint}
			}
		}
		if err == nil && picture == nil {
			err = &syncproto.Error{Code: syncproto.CodeNotFound, Message: "这张照片还没有传到", Hint: "等添加它的电脑报过以后再取；没有网的，用 U 盘再走一趟就会带回来。"}
		}
		if err != nil {
			return err
		}
		err = writeFile(c.args[1], func(w io.Writer) error {
			_, err := w.Write(picture)
			return err
		})
		if err != nil {
			return err
		}
		return c.out(map[string]any{"file": c.args[1], "bytes": len(picture)}, "已存为 %s", c.args[1])
	})
}

// reopenLine is what photo reopen prints.
type reopenLine struct {
	Open bool `json:"open"`
}

// reopenPhotos opens photos that could not be opened, or begins anew.
func (c *call) reopenPhotos() error {
	if err := c.need(0); err != nil {
		return err
	}
	return c.open(func(l *service.Laptop) error {
		if err := l.ReopenPhotos(*c.given["anew"]); err != nil {
			return err
		}
		return c.out(reopenLine{true}, "照片库是好的，可以用了")
	})
}

// photosOf is the name of the pictures' file beside a backup.
func photosOf(backup string) string { return backup + ".photos" }

// backupPhotos writes the pictures beside a backup, sealed as they are here,
// and returns the file's name; "" if there are none.
func (c *call) backupPhotos(l *service.Laptop) (string, error) {
	if p := l.PhotosProblem(); p != nil {
		return "", &syncproto.Error{Code: syncproto.CodePhotosShut, Message: "文字资料已备份，照片没有：" + p.Message, Hint: p.Hint}
	}
	if l.Photos.Total() == 0 {
		return "", nil
	}
	file := photosOf(c.args[0])
	return file, writeFile(file, func(w io.Writer) error {
		_, err := l.Photos.Snapshot(w)
		return err
	})
}

// restorePhotos copies the pictures beside a backup into a data folder, if
// there are any, under a name of their own: finish gives them theirs, and
// discard drops them. It fails with CodeExists where there are pictures.
func restorePhotos(dir, backup string) (finish func() error, discard func(), err error) {
	nothing := func() error { return nil }
	from, err := os.Open(photosOf(backup))
	if errors.Is(err, os.ErrNotExist) {
		return nothing, func() {}, nil
	}
	if err != nil {
		return nil, nil, noFile(photosOf(backup), err)
	}
	defer from.Close()
	to := filepath.Join(dir, photos.FileName)
	if _, err := os.Lstat(to); err == nil {
		return nil, nil, &syncproto.Error{Code: syncproto.CodeExists, Message: "这个文件夹里已经有照片了",
			Hint: "没有改动任何数据。请用 --data 另选一个空文件夹恢复。"}
	}
	part := to + ".restoring"
	err = writeFile(part, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	finish = func() error {
		if err := os.Rename(part, to); err != nil {
			return &syncproto.Error{Code: syncproto.CodeInput, Message: "文字资料已恢复，照片还没有放好",
				Hint: "请把 " + part + " 改名为 " + photos.FileName + "。", Err: err}
		}
		return nil
	}
	discard = func() { _ = os.Remove(part) } // one left over is written over the next time
	return finish, discard, nil
}

// verifyPhotos reads every picture. What is damaged comes again from the
// server, if it has it. The error says what is not whole; the line stands all
// the same.
func verifyPhotos(l *service.Laptop, rep boltstore.Report) (line verifyLine, err error) {
	line = verifyOf(rep)
	if p := l.PhotosProblem(); p != nil {
		line.Whole = false
		return line, &syncproto.Error{Code: syncproto.CodePhotosShut, Message: "文字资料完好，照片没有检查：" + p.Message, Hint: p.Hint}
	}
	check, err := syncproto.CheckPhotos(l.Photos)
	if err != nil {
		return line, err
	}
	line.Photos, line.PhotosDamaged, line.PhotosAside = check.Photos, len(check.Damaged), l.Photos.Lost()
	if line.PhotosLost, err = l.Book.LostPhotos(); err != nil {
		return line, err
	}
	var what []string
	if n := line.PhotosDamaged; n > 0 {
		what = append(what, fmt.Sprintf("有 %d 张照片在硬盘上损坏了", n))
	}
	if n := line.PhotosLost; n > 0 {
		what = append(what, fmt.Sprintf("有 %d 张照片在这台电脑上坏了，还没有上报过", n))
	}
	if file := line.PhotosAside; file != "" {
		what = append(what, "照片文件损坏过，旧文件另存为 "+file)
	}
	if len(what) == 0 {
		return line, nil
	}
	line.Whole = false
	return line, &syncproto.Error{Code: syncproto.CodeDamaged, Message: strings.Join(what, "；"),
		Hint: "文字资料完好。服务器上有的，联网或用 U 盘上报后会自动取回；还没有上报的，请从手机上重新添加。"}
}
