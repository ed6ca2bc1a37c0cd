package cli

import (
	"fmt"
	"os"
	"strings"

	"gridbook/app/service"
	"gridbook/syncproto"
)

// bundle does what there is to do with sticks.
func bundle(c *call) error {
	if len(c.args) > 0 {
		switch sub := c.args[0]; {
		case sub == "out" && len(c.args) == 2:
			return c.open(c.bundleOut)
		case sub == "in" && len(c.args) > 1:
			return c.open(c.bundleIn)
		case sub == "forward" && len(c.args) > 1:
			return c.open(c.bundleForward)
		}
	}
	return usage("bundle 后面写 out、in 或 forward，再写文件或文件夹", c.Name+" bundle "+c.cmd.args)
}

func (c *call) bundleOut(l *service.Laptop) error {
	made, err := l.StickOut(c.ctx, c.args[1])
	if err != nil {
		return err
	}
	photos, left := "", ""
	if made.Photos > 0 {
		photos = fmt.Sprintf("、%d 张照片", made.Photos)
	}
	if made.PhotosLeft > 0 {
		left = fmt.Sprintf("\n还有 %d 张照片这次装不下，下次导出再带。", made.PhotosLeft)
	}
	return c.out(made, "已写好 %s：%d 条待上传的内容%s，核对无误。%s\n把 U 盘交给乡镇(街道)；拿回来后运行 %s bundle in 这个文件夹。",
		made.File, made.Records, photos, left, c.Name)
}

// bundleRead is what bundle in prints.
type bundleRead struct {
	Files    []service.StickRead `json:"files"`
	Sent     int                 `json:"sent"`
	Received int                 `json:"received"`
	Rejected int                 `json:"rejected"`
	// Photos have arrived at the township, PhotosCame here.
	Photos     int              `json:"photos"`
	PhotosCame int              `json:"photosCame"`
	Verified   service.Verified `json:"verified"`
}

func (c *call) bundleIn(l *service.Laptop) error {
	list, err := l.StickIn(c.ctx, c.args[1:])
	if err != nil {
		return err
	}
	out := bundleRead{Files: list}
	var b strings.Builder
	for _, r := range list {
		out.Sent += r.Sent
		out.Received += r.Received
		out.Rejected += r.Rejected
		out.Photos += r.Photos
		out.PhotosCame += r.PhotosCame
		if r.Verified.At > out.Verified.At {
			out.Verified = r.Verified
		}
		fmt.Fprintln(&b, readText(r))
	}
	return c.out(out, "%s", strings.TrimSpace(b.String()))
}

// readText says to people what came of an answer.
func readText(r service.StickRead) string {
	switch {
	case r.Problem != nil:
		return r.Name + "：" + oneLine(r.Problem.Message) + " " + oneLine(r.Problem.Hint)
	case !r.New:
		return r.Name + "：这份回执已读过" + readPhotosText(r)
	case r.Renumbered:
		return r.Name + "：这台电脑换了编号，请再导出一次，内容都还在"
	}
	text := fmt.Sprintf("%s：已送达 %d 条，退回 %d 条，收到 %d 条", r.Name, r.Sent, r.Rejected, r.Received)
	text += readPhotosText(r)
	if r.Verified.Equal {
		text += fmt.Sprintf("；与乡镇一致，共 %d 条", r.Verified.Records)
	}
	return text
}

// counted is a number of photos with its words; those of none are left out.
type counted struct {
	n     int
	words string
}

func photosText(list ...counted) (text string) {
	for _, c := range list {
		if c.n > 0 {
			text += "；" + fmt.Sprintf(c.words, c.n)
		}
	}
	return text
}

func readPhotosText(r service.StickRead) string {
	return photosText(counted{r.Photos, "照片送达 %d 张"}, counted{r.PhotosRefused, "照片没有收 %d 张，在那条记录上看原因"}, counted{r.PhotosCame, "取回照片 %d 张"})
}

// takenPhotosText says what became of the photos of a village's bundle.
func takenPhotosText(t service.StickTaken) string {
	return photosText(counted{t.Photos, "照片收到 %d 张"}, counted{t.PhotosRefused, "照片没有收 %d 张，回执里写明了原因"},
		counted{t.PhotosDamaged, "照片损坏 %d 张，下次会自动再带来"}, counted{t.PhotosEarly, "照片 %d 张要等文字先并入，下次会自动再带来"})
}

// bundleForward prints a line for each file.
func (c *call) bundleForward(l *service.Laptop) error {
	list, err := l.StickTake(c.ctx, c.args[1:])
	if err != nil {
		return err
	}
	for _, t := range list {
		text := fmt.Sprintf("%s：%s%s，共 %d 条：并入 %d，已有 %d，退回 %d%s；回执 %s", t.Name, t.VillageName, t.Person, t.Records, t.Joined, t.Known, t.Rejected,
			takenPhotosText(t), t.Answer)
		if t.Problem != nil {
			text = t.Name + "：" + oneLine(t.Problem.Message) + " " + oneLine(t.Problem.Hint)
		}
		if told := t.Told; told != nil {
			text += "；回执告诉村里的电脑：" + oneLine(told.Message) + " " + oneLine(told.Hint)
		}
		if t.Renumbered {
			text += "；村里的电脑读回执后会换编号，要请他们再导出一次"
		}
		if err := c.out(t, "%s", text); err != nil {
			return err
		}
	}
	return nil
}

// joinByStick enrols with a first copy.
func (c *call) joinByStick(o service.Options, device, password string) (*service.Laptop, error) {
	if _, err := os.Stat(c.args[0]); err != nil {
		return nil, &syncproto.Error{Code: syncproto.CodeInput, Message: "打不开文件 " + c.args[0], Hint: "请检查 U 盘和文件名。", Err: err}
	}
	return service.JoinByStick(o, c.args[0], c.args[1], device, password)
}
