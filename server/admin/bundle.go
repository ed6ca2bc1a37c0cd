package admin

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
	"gridbook/syncproto/ledger"
)

// bundle does what there is to do with sticks.
func bundle(c *call) error {
	if len(c.args) > 0 {
		switch c.args[0] {
		case "take":
			return c.takeBundles(c.args[1:])
		case "first":
			return c.firstCopy()
		}
	}
	return usage("bundle 后面要写 take 或 first。", c.line())
}

// taken is what bundle take prints with --json, a line for each file.
type taken struct {
	File     string `json:"file"`
	Answer   string `json:"answer"` // the file to take back to the village
	Device   uint32 `json:"device"`
	Person   string `json:"person"`
	Village  string `json:"village"`
	Place    string `json:"place"`
	Made     int64  `json:"made"` // ms since 1970
	Records  int    `json:"records"`
	Joined   int    `json:"joined"`
	Known    int    `json:"known"`
	Rejected int    `json:"rejected"`
	// What became of the photos in it; the last two come again by themselves.
	Photos        int    `json:"photos"`         // whole at the server now
	PhotosRefused int    `json:"photos_refused"` // not taken
	PhotosDamaged int    `json:"photos_damaged"`
	PhotosEarly   int    `json:"photos_early"` // their text was not joined
	Renumbered    bool   `json:"renumbered"`
	Problem       *fault `json:"problem"` // what the answer tells the laptop
	Error         *fault `json:"error"`   // nothing was joined
}

// takeBundles joins all files, and fails like the first that failed.
func (c *call) takeBundles(named []string) error {
	if len(named) == 0 {
		return usage("没有指明数据包的文件或文件夹。", c.line())
	}
	files, err := bundlesIn(named)
	if err != nil {
		return err
	}
	var first error
	for _, file := range files {
		t := c.takeBundle(file)
		if t.err == nil || len(files) > 1 {
			if err := c.out(t.taken, t.text(c)); err != nil {
				return err
			}
		}
		if first == nil {
			first = t.err
		}
	}
	return first
}

// bundlesIn lists the files, and of folders the bundles of villages in them,
// the oldest first.
func bundlesIn(named []string) (files []string, err error) {
	for _, path := range named {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fileError(path, err)
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		found, err := bundlesOf(path)
		if err != nil {
			return nil, fileError(path, err)
		}
		if len(found) == 0 {
			return nil, &syncproto.Error{Code: syncproto.CodeNotFound, Message: "这个文件夹里没有数据包：" + path + "。",
				Hint: "数据包的文件名以 " + envelope.Extension + " 结尾，请核对 U 盘和文件夹。"}
		}
		files = append(files, found...)
	}
	return files, nil
}

// bundlesOf lists the bundles of villages in a folder by when they were made;
// those that cannot be read come first.
func bundlesOf(folder string) (files []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	made := map[string]int64{}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || strings.HasPrefix(name, ".") || !strings.HasSuffix(strings.ToLower(name), envelope.Extension) || envelope.IsAnswerName(name) {
			continue
		}
		path := filepath.Join(folder, name)
		if data, err := readBundle(path); err == nil {
			h, err := envelope.Peek(data)
			if err == nil && h.Kind != envelope.Up {
				continue
			}
			made[path] = h.Created
		}
		files = append(files, path)
	}
	slices.SortStableFunc(files, func(a, b string) int { return cmp.Compare(made[a], made[b]) })
	return files, nil
}

// outcome is what came of one file.
type outcome struct {
	taken
	err error
}

func (c *call) takeBundle(file string) (t outcome) {
	t.File = file
	data, err := readBundle(file)
	if err == nil {
		var answer []byte
		var done office.Taken
		answer, done, err = c.office.TakeBundle(data, c.Who)
		t.fill(done)
		if err == nil {
			t.Answer = envelope.AnswerName(file)
			err = envelope.Write(disk(), t.Answer, answer)
		}
	}
	if err != nil {
		f := faultOf(err)
		t.err, t.Error, t.Answer = err, &f, ""
	}
	return t
}

func (t *outcome) fill(d office.Taken) {
	t.Device, t.Person, t.Made, t.Renumbered = d.Device, d.Person, d.Made, d.Renumbered
	t.Records, t.Joined, t.Known, t.Rejected = d.Records, d.Joined, d.Known, d.Rejected
	t.Photos, t.PhotosRefused, t.PhotosDamaged, t.PhotosEarly = d.Photos.Arrived, d.Photos.Refused, d.Photos.Damaged, d.Photos.Early
	if t.Village = ledger.Area(d.Scope); t.Village != "" {
		if p, ok := ledger.PlaceOf(t.Village); ok {
			t.Place = p.Short()
		}
	}
	if d.Problem != nil {
		f := faultOf(d.Problem)
		t.Problem = &f
	}
}

// text says the outcome to people.
func (t *outcome) text(c *call) string {
	name := filepath.Base(t.File)
	if t.Error != nil {
		return fmt.Sprintf("%s：没有并入。%s %s\n", name, oneLine(t.Error.Message), oneLine(t.Error.Hint))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s：%s%s，%s 导出，共 %d 条：并入 %d，已有 %d，退回 %d。\n", name, t.Place, t.Person, c.when(t.Made),
		t.Records, t.Joined, t.Known, t.Rejected)
	if t.Photos+t.PhotosRefused+t.PhotosDamaged+t.PhotosEarly > 0 {
		fmt.Fprintf(&b, "  %s。\n", t.photos())
	}
	if t.Renumbered {
		b.WriteString("  这台电脑是副本或恢复过，要换编号：请它读入回执后再导出一次，内容都还在。\n")
	}
	if t.Problem != nil {
		fmt.Fprintf(&b, "  %s %s\n", oneLine(t.Problem.Message), oneLine(t.Problem.Hint))
	}
	fmt.Fprintf(&b, "  回执：%s\n", filepath.Base(t.Answer))
	return b.String()
}

// photos says what became of the photos.
func (t *outcome) photos() string {
	text := fmt.Sprintf("照片收到 %d 张", t.Photos)
	for _, more := range []struct {
		n     int
		words string
	}{
		{t.PhotosRefused, "没有收 %d 张，回执里写明了原因"}, {t.PhotosDamaged, "损坏 %d 张，下次会自动再带来"},
		{t.PhotosEarly, "%d 张要等文字先并入，下次会自动再带来"},
	} {
		if more.n > 0 {
			text += "；" + fmt.Sprintf(more.words, more.n)
		}
	}
	return text
}

func readBundle(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fileError(file, err)
	}
	if info.Size() > envelope.MaxFile || !info.Mode().IsRegular() {
		return nil, &syncproto.Error{Code: syncproto.CodeTooLarge, Message: "这个文件太大，不是数据包：" + file + "。", Hint: "请核对文件名。"}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fileError(file, err)
	}
	return data, nil
}

// firstLine is what bundle first prints with --json.
type firstLine struct {
	File   string `json:"file"`
	Code   string `json:"code"`
	Device uint32 `json:"device"`
	Bytes  int    `json:"bytes"`
	Whole  bool   `json:"whole"`
}

func (c *call) firstCopy() error {
	c.args = c.args[1:]
	if err := c.need(1, "role", "scope", "person"); err != nil {
		return err
	}
	file := c.args[0]
	if _, err := os.Lstat(file); err == nil {
		return &syncproto.Error{Code: syncproto.CodeExists, Message: "已经有这个文件：" + file + "。", Hint: "请换一个文件名。"}
	}
	q := office.FirstRequest{Role: c.option("role"), Scope: c.option("scope"), Person: c.option("person"), Unlisted: *c.given["unlisted"], Who: c.Who}
	data, first, err := c.office.FirstCopy(q)
	if err == nil {
		err = envelope.Write(disk(), file, data)
	}
	if err != nil {
		if first.Device != 0 { // nobody will ever have its token
			_, revoking := c.office.Revoke(first.Device, c.Who, "first copy was not written")
			err = errors.Join(err, revoking)
		}
		return err
	}
	text := fmt.Sprintf("首份数据已写到 %s（%d 字节），归%s使用。\n提取码：%s\n请把提取码另外告诉本人，不要写在 U 盘上；它只能开这一份，也只给一台电脑用。\n", file, len(data), q.Person, first.Code)
	if !first.Whole {
		text += "内容太多，没有装完；其余的在那台电脑下次上报时补齐。\n"
	}
	return c.out(firstLine{file, first.Code, first.Device, len(data), first.Whole}, text)
}
