package admin

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gridbook/server/boltstore"
	"gridbook/server/httpapi"
	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// founded is what init prints with --json.
type founded struct {
	Data        string `json:"data"`
	Township    string `json:"township"`
	Name        string `json:"name"`
	Certificate string `json:"certificate"` // SHA-256, hexadecimal
	RecoveryKey string `json:"recovery_key_file"`
}

func initialize(c *call) (err error) {
	if err := c.need(0, "township", "name"); err != nil {
		return err
	}
	keys, recovery, err := office.NewKeys(c.Rand)
	if err != nil {
		return err
	}
	if keys.Certificate, keys.CertificateKey, err = httpapi.NewCertificate(c.Rand, c.Now()); err != nil {
		return err
	}
	if err := makeFolder(c.data); err != nil {
		return err
	}
	path := filepath.Join(c.data, storeFile)
	s, err := boltstore.Create(path, c.store())
	if err != nil {
		return err
	}
	f := office.Founding{Township: c.option("township"), Name: c.option("name"), Keys: keys, Who: c.Who}
	err = errors.Join(c.newOffice(s, nil).Found(f), s.Close())
	rescue := filepath.Join(c.data, recoveryFile)
	if err == nil {
		err = os.WriteFile(rescue, []byte(recovery+"\n"), 0o600)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path)) // nothing half made stays
	}
	text := fmt.Sprintf("已建好 %s（%s）的服务器数据：%s\n恢复密钥在 %s：请抄写或打印一份，和服务器分开保管；村里忘了密码时要用它。\n",
		f.Name, f.Township, c.data, rescue)
	return c.out(founded{c.data, f.Township, f.Name, hex.EncodeToString(keys.Fingerprint()), rescue}, text)
}

// saved is what backup prints with --json.
type saved struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	Photos string `json:"photos_file,omitempty"` // if there are any
}

// backup writes a copy under a temporary name, reads it back, and only then
// gives it its name.
func backup(c *call) error {
	if err := c.need(1); err != nil {
		return err
	}
	file := c.args[0]
	if there := firstThere(file, photosOf(file)); there != "" {
		return &syncproto.Error{Code: syncproto.CodeExists, Message: "已经有这个文件：" + there + "。", Hint: "备份不会覆盖旧文件，请换一个名字，例如加上日期。"}
	}
	temporary := file + ".part"
	n, err := writeBackup(temporary, c.office.Snapshot)
	if err == nil {
		err = boltstore.CheckFile(temporary)
	}
	var photos string
	if err == nil {
		// After the records: of every photo that they say has arrived, the
		// copy has the bytes.
		photos, err = c.backupPhotos(file)
	}
	if err == nil {
		err = os.Rename(temporary, file)
	}
	if err == nil {
		err = c.office.Record(c.Who, office.ActBackup, filepath.Base(file), fmt.Sprintf("%d bytes", n))
	}
	if err != nil {
		_ = os.Remove(temporary)
		return fileError(file, err)
	}
	text := fmt.Sprintf("已备份到 %s（%d 字节），并核对过。备份里有密钥，请像服务器一样保管。\n", file, n)
	if photos != "" {
		text += fmt.Sprintf("照片在旁边的 %s，请放在一起。\n", photos)
	}
	return c.out(saved{file, n, photos}, text)
}

// writeBackup makes a file of what write writes.
func writeBackup(file string, write func(io.Writer) (int64, error)) (n int64, err error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	n, err = write(f)
	return n, errors.Join(err, f.Sync(), f.Close())
}

// fileError adds words to what can go wrong with a file that a person named.
func fileError(file string, err error) error {
	var e *syncproto.Error
	switch {
	case errors.As(err, &e):
		return err
	case errors.Is(err, os.ErrNotExist):
		return &syncproto.Error{Code: syncproto.CodeNotFound, Message: "没有这个文件或文件夹：" + file + "。", Hint: "请核对路径。", Err: err}
	case errors.Is(err, os.ErrPermission):
		return &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "没有权限读写：" + file + "。", Hint: "请换一个位置，或换一个系统用户执行。", Err: err}
	}
	return err
}

// restored is what restore prints with --json.
type restored struct {
	Data     string `json:"data"`
	Township string `json:"township"`
	Name     string `json:"name"`
	Epoch    uint32 `json:"epoch"`
	Records  int    `json:"records"`
	Photos   int    `json:"photos"`
}

func restore(c *call) (err error) {
	if err := c.need(1); err != nil {
		return err
	}
	file, path := c.args[0], filepath.Join(c.data, storeFile)
	if boltstore.Exists(path) {
		return &syncproto.Error{Code: syncproto.CodeExists, Message: "这个目录里已经有服务器数据：" + c.data + "。", Hint: "恢复从不覆盖现有数据，请用 --data 指一个新目录。"}
	}
	if err := checkBackup(file); err != nil {
		return err
	}
	if err := makeFolder(c.data); err != nil {
		return err
	}
	temporary := path + ".part"
	defer func() {
		if err != nil {
			_ = os.Remove(temporary)
		}
	}()
	if err := copyFile(temporary, file); err != nil {
		return fileError(file, err)
	}
	if err := c.restorePhotos(file); err != nil {
		return err
	}
	out, err := c.reopen(temporary)
	if err != nil {
		return errors.Join(err, os.Remove(filepath.Join(c.data, photosFile)))
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	text := fmt.Sprintf("已恢复 %s（%s）：%d 条资料，在 %s。\n启动服务后，各村电脑会自动核对，并补报备份之后的内容。\n", out.Name, out.Township, out.Records, c.data)
	return c.out(out, text)
}

func checkBackup(file string) error {
	err := boltstore.CheckFile(file)
	if syncproto.CodeOf(err) == syncproto.CodeDamaged {
		return &syncproto.Error{Code: syncproto.CodeDamaged, Message: "这个文件不是 gridbookd 的备份，或者已经损坏：" + file + "。", Hint: "请换一份备份再试；没有新建任何数据。", Err: err}
	}
	if err != nil {
		return fileError(file, err)
	}
	return nil
}

// reopen checks a copy in full and opens its new epoch.
func (c *call) reopen(path string) (out restored, err error) {
	s, err := boltstore.Open(path, c.store())
	if err != nil {
		return out, err
	}
	o, err := c.withPhotos(s)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	v, err := o.Verify()
	if err != nil {
		return out, err
	}
	photos, err := o.VerifyPhotos() // what is damaged comes again by itself
	if err != nil {
		return out, err
	}
	state, err := o.Restored(c.Who, filepath.Base(c.args[0]))
	return restored{c.data, state.Township, state.Name, uint32(state.Epoch), v.Records, photos.Photos}, err
}

func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

func verify(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	v, err := c.office.Verify()
	if err != nil {
		for _, problem := range v.Problems {
			fmt.Fprintln(c.Stderr, problem)
		}
		return err
	}
	photos, err := c.office.VerifyPhotos()
	if err == nil && photos.Damaged > 0 {
		err = damagedPhotos(photos.Damaged)
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("全部完好：%d 条资料，%d 张照片，%d 台电脑，%d 条操作记录。\n", v.Records, photos.Photos, v.Devices, v.Audit)
	return c.out(verified{v, photos}, text)
}

func dump(c *call) error {
	if err := c.need(0); err != nil {
		return err
	}
	f := office.DumpFilter{Role: c.option("role"), Scope: c.option("scope"), Who: c.Who}
	if v := c.option("village"); v != "" {
		if !ledger.IsVillage(v) {
			return &syncproto.Error{Code: syncproto.CodePlace, Message: "“" + v + "”不是村（社区）代码。", Hint: "村（社区）代码是 12 位数字。"}
		}
		f.Role, f.Scope = string(ledger.RoleVillage), v
	}
	if (f.Role == "") != (f.Scope == "") {
		return usage("--role 和 --scope 要一起填。", c.line())
	}
	out := bufio.NewWriterSize(c.Stdout, 64<<10)
	if err := c.office.Dump(out, f); err != nil {
		return err
	}
	return out.Flush()
}

func purge(c *call) error {
	if err := c.need(1, "reason"); err != nil {
		return err
	}
	id, err := syncproto.ParseStamp(c.args[0])
	if err != nil {
		return usage("“"+c.args[0]+"”不是资料的编号。", "编号是 20 个字母和数字，见 gridbookd dump。")
	}
	p, err := c.office.Purge(id, c.option("reason"), c.Who)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("已清除 %s。各电脑下次同步时也会清除。\n", p.ID)
	if p.Dependants > 0 {
		text += fmt.Sprintf("还有 %d 条资料从属于它，没有清除；需要的话请逐条清除。\n", p.Dependants)
	}
	return c.out(p, text)
}
