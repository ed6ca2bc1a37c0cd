package admin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gridbook/server/office"
	"gridbook/server/photos"
	"gridbook/syncproto"
)

// photosOf is the name of the photos' file beside a backup.
func photosOf(backup string) string { return backup + ".photos" }

// firstThere returns the first of the files that is there, "" if none is.
func firstThere(files ...string) string {
	for _, f := range files {
		if _, err := os.Lstat(f); err == nil {
			return f
		}
	}
	return ""
}

// withPhotos makes the office of an open store, which it closes if it fails,
// with the photos of the data folder. A file of photos that cannot be read is
// set aside: text goes on, and the laptops send their photos again.
func (c *call) withPhotos(s office.Store) (*office.Office, error) {
	path := filepath.Join(c.data, photosFile)
	store, err := photos.Open(path, photos.Options{NoSync: c.NoSync})
	if syncproto.CodeOf(err) != syncproto.CodeDamaged {
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		return c.newOffice(s, store), nil
	}
	aside := path + c.Now().UTC().Format(".damaged-20060102-150405")
	if moving := os.Rename(path, aside); moving != nil {
		return nil, errors.Join(err, moving, s.Close())
	}
	fmt.Fprintf(c.Stderr, "照片文件有损坏，已改名为 %s；各村电脑会自动重传照片，文字资料不受影响。\n", aside)
	if store, err = photos.Open(path, photos.Options{NoSync: c.NoSync}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	o := c.newOffice(s, store)
	if _, err := o.VerifyPhotos(); err != nil { // they are to be sent again
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// backupPhotos writes the photos beside a backup, reads them back, and returns
// the file's name; "" if there are none.
func (c *call) backupPhotos(backup string) (string, error) {
	if !c.office.HasPhotos() {
		return "", nil
	}
	file := photosOf(backup)
	temporary := file + ".part"
	_, err := writeBackup(temporary, c.office.SnapshotPhotos)
	if err == nil {
		err = readBack(temporary)
	}
	if err == nil {
		err = os.Rename(temporary, file)
	}
	if err != nil {
		_ = os.Remove(temporary)
		return "", fileError(file, err)
	}
	return file, nil
}

// readBack reads a copy of the photos in full.
func readBack(file string) error {
	s, err := photos.Open(file, photos.Options{NoSync: true})
	if err != nil {
		return err
	}
	check, err := syncproto.CheckPhotos(s)
	if err == nil && len(check.Damaged) > 0 {
		err = damagedPhotos(len(check.Damaged))
	}
	return errors.Join(err, s.Close())
}

// restorePhotos takes the photos beside a backup, if there are any: those that
// are missing the laptops send again.
func (c *call) restorePhotos(backup string) error {
	from, to := photosOf(backup), filepath.Join(c.data, photosFile)
	if firstThere(to) != "" {
		return &syncproto.Error{Code: syncproto.CodeExists, Message: "这个目录里已经有照片：" + to + "。", Hint: "恢复从不覆盖现有数据，请用 --data 指一个新目录。"}
	}
	if firstThere(from) == "" {
		return nil
	}
	if err := copyFile(to+".part", from); err != nil {
		return fileError(from, err)
	}
	return os.Rename(to+".part", to)
}

func damagedPhotos(n int) error {
	return &syncproto.Error{
		Code:    syncproto.CodeDamaged,
		Message: fmt.Sprintf("有 %d 张照片在硬盘上损坏了。", n),
		Hint:    "文字资料都完好。各村电脑下次同步时会自动重传这些照片，之后请再检查一次；总是这样时请检查硬盘。",
	}
}

// verified is what verify prints with --json.
type verified struct {
	office.Verified
	office.PhotosVerified
}
