package service

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gridbook/app/boltstore"
	"gridbook/app/syncer"
	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
	"gridbook/syncproto/ledger"
)

// Courier is what a Syncer does for sticks, if it can.
type Courier interface {
	BundleOut(ctx context.Context) (syncer.Outgoing, error)
	BundleIn(ctx context.Context, file []byte) (syncer.Incoming, error)
	Forward(ctx context.Context, file []byte) (*syncproto.BundleReply, error)
}

func (l *Laptop) courier() (Courier, error) {
	if c, ok := l.Sync.(Courier); ok {
		return c, nil
	}
	return nil, &syncproto.Error{Code: syncproto.CodeUsage, Message: "这里不能用 U 盘", Hint: "请在已加入乡镇(街道)的电脑上用。"}
}

// sticksSetting keeps the newest bundles that were made here.
const sticksSetting = "sticks"

// maxSticks is how many are kept.
const maxSticks = 20

// stickEntry is a bundle that was written, and what its answer said.
type stickEntry struct {
	ID      string `json:"id"`
	Nonce   string `json:"nonce"` // of its last upload
	Made    int64  `json:"made"`
	Records int    `json:"records"`
	File    string `json:"file"`
	Read    int64  `json:"read"` // when the answer was read, ms since 1970
	Sent, Received,
	Rejected int
	Photos, PhotosArrived int
	Renumbered            bool
}

// StickOut writes a bundle with all unsent work: into a folder under a name of
// its own, else as the named file. If it cannot be written, nothing is lost.
func (l *Laptop) StickOut(ctx context.Context, path string) (StickMade, error) {
	courier, err := l.courier()
	if err != nil {
		return StickMade{}, err
	}
	d := stickDisk()
	file, err := l.stickFile(d, path)
	if err != nil {
		return StickMade{}, err
	}
	out, err := courier.BundleOut(ctx)
	if err != nil {
		return StickMade{}, err
	}
	if err := envelope.Write(d, file, out.File); err != nil {
		return StickMade{}, unwritable(file, err)
	}
	if err := l.rememberFolder(file); err != nil {
		return StickMade{}, err
	}
	made := StickMade{File: file, Name: filepath.Base(file), Records: out.Records, Bytes: len(out.File), Made: out.Made,
		Photos: out.Photos, PhotosLeft: out.PhotosLeft}
	return made, l.noteSticks(func(all []stickEntry) []stickEntry {
		return append(all, stickEntry{
			ID: hex.EncodeToString(out.ID[:]), Nonce: hex.EncodeToString(out.Nonce), Made: out.Made, Records: out.Records, File: made.Name,
			Photos: out.Photos,
		})
	})
}

// stickFile chooses the name of a bundle.
func (l *Laptop) stickFile(d envelope.Disk, path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return envelope.Free(d, filepath.Join(path, envelope.Name(l.Book.Identity().Scope, l.Book.now())))
	}
	if !strings.HasSuffix(path, envelope.Extension) {
		path += envelope.Extension
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return "", noStick(path, err)
	}
	return path, nil
}

func (l *Laptop) noteSticks(change func([]stickEntry) []stickEntry) error {
	return l.Book.update(func(tx updater) error {
		var all []stickEntry
		if _, err := setting(tx, sticksSetting, &all); err != nil {
			return err
		}
		all = change(all)
		return putSetting(tx, sticksSetting, all[max(0, len(all)-maxSticks):])
	})
}

// Sticks lists the newest bundles that were made here, the newest first.
func (l *Laptop) Sticks() (out []Stick, err error) {
	out = []Stick{}
	err = l.Book.read(func(r reader) error {
		all, waiting, err := sticksOf(r.tx)
		if err != nil {
			return err
		}
		for _, e := range slices.Backward(all) {
			s := Stick{
				Made: e.Made, Records: e.Records, File: e.File, Answered: e.Read, State: StickSettled, Sent: e.Sent, Received: e.Received,
				Rejected: e.Rejected, Renumbered: e.Renumbered, Photos: e.Photos, PhotosArrived: e.PhotosArrived,
			}
			switch {
			case e.Read != 0:
				s.State = StickAnswered
			case waiting[e.Nonce]:
				s.State = StickWaiting
			}
			out = append(out, s)
		}
		return nil
	})
	return out, err
}

// sticksOf reads what was written, and which uploads of it have no answer.
func sticksOf(tx *boltstore.Tx) (all []stickEntry, waiting map[string]bool, err error) {
	meta, err := tx.Meta()
	if err != nil {
		return nil, nil, err
	}
	waiting = map[string]bool{}
	for _, up := range meta.Sticks {
		waiting[hex.EncodeToString(up.Nonce)] = true
	}
	_, err = setting(tx, sticksSetting, &all)
	return all, waiting, err
}

// sticksWaiting counts the bundles that have no answer yet.
func sticksWaiting(tx *boltstore.Tx) (n int, err error) {
	all, waiting, err := sticksOf(tx)
	for _, e := range all {
		if e.Read == 0 && waiting[e.Nonce] {
			n++
		}
	}
	return n, err
}

// StickIn reads answers: files, or those in a folder that are for this laptop.
// The newest come first, so that older ones have nothing to add. What is wrong
// with one file is said at it; the error is of the first such, if no file was
// of use.
func (l *Laptop) StickIn(ctx context.Context, paths []string) ([]StickRead, error) {
	courier, err := l.courier()
	if err != nil {
		return nil, err
	}
	found, err := findBundles(paths, envelope.Answer)
	if err != nil {
		return nil, err
	}
	var out []StickRead
	var first error
	good := 0
	for _, f := range found {
		r, err := l.readAnswer(ctx, courier, f)
		if f.searched && meantForOther(err) {
			continue // another village's, on the same stick
		}
		if err != nil {
			r.Problem = problemOf(err)
			first = firstError(first, err)
		} else {
			good++
		}
		out = append(out, r)
	}
	switch {
	case len(out) == 0:
		return nil, &syncproto.Error{Code: syncproto.CodeNotFound, Message: strings.Join(paths, "、") + " 里没有给这台电脑的回执",
			Hint: "请先把 U 盘交给乡镇(街道)并入，他们会把回执写在 U 盘上。"}
	case good == 0:
		return out, first
	}
	return out, nil
}

func firstError(first, err error) error {
	if first != nil {
		return first
	}
	return err
}

// meantForOther reports whether a file of a folder is not meant for this laptop.
func meantForOther(err error) bool {
	switch syncproto.CodeOf(err) {
	case syncproto.CodeNotAllowed, syncproto.CodeTownship, syncproto.CodeFileKind:
		return true
	}
	return false
}

func (l *Laptop) readAnswer(ctx context.Context, courier Courier, f foundBundle) (StickRead, error) {
	out := StickRead{File: f.path, Name: filepath.Base(f.path), Made: f.head.Created}
	if f.err != nil {
		return out, answerProblem(f.err)
	}
	// One that stops half-way has been read as far as it went.
	in, problem := courier.BundleIn(ctx, f.data)
	if problem != nil {
		problem = answerProblem(problem)
	}
	out.Photos, out.PhotosRefused, out.PhotosCame = in.Photos.Up, in.Photos.Refused, in.Photos.Down
	if out.New = in.Heeded; !in.Heeded {
		return out, problem
	}
	l.rested()
	out.Sent, out.Received, out.Rejected, out.Conflicts = in.Sent, in.Received, in.Rejected, in.Progress.Conflicts
	out.Renumbered, out.Verified = in.Renumbered, verifiedOf(in.Progress.Verified)
	id := hex.EncodeToString(in.ID[:])
	err := l.noteSticks(func(all []stickEntry) []stickEntry {
		for i := range all {
			if e := &all[i]; e.ID == id {
				e.Read = l.Book.millis()
				e.Sent, e.Received, e.Rejected, e.Renumbered = in.Sent, in.Received, in.Rejected, in.Renumbered
				e.PhotosArrived = in.Photos.Up
			}
		}
		return all
	})
	return out, firstError(problem, err)
}

// answerProblem says of a damaged answer who can make it again.
func answerProblem(err error) error {
	if syncproto.CodeOf(err) != syncproto.CodeDamaged {
		return err
	}
	return &syncproto.Error{Code: syncproto.CodeDamaged, Message: "回执不完整，可能没拷完，或者 U 盘没有安全弹出",
		Hint: "请把 U 盘再交给乡镇(街道)并入一次，他们会重新写回执；重复并入不会多出内容。", Err: err}
}

// StickTake hands the bundles of villages in for them, at the township, and
// writes the answers beside them.
func (l *Laptop) StickTake(ctx context.Context, paths []string) ([]StickTaken, error) {
	courier, err := l.courier()
	if err != nil {
		return nil, err
	}
	found, err := findBundles(paths, envelope.Up)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &syncproto.Error{Code: syncproto.CodeNotFound, Message: strings.Join(paths, "、") + " 里没有村里交来的数据包",
			Hint: "数据包的文件名以 " + envelope.Extension + " 结尾，请核对 U 盘和文件夹。"}
	}
	var out []StickTaken
	var first error
	good := 0
	for _, f := range found {
		t, err := l.forward(ctx, courier, f)
		if err != nil {
			t.Problem = problemOf(err)
			first = firstError(first, err)
		} else {
			good++
		}
		out = append(out, t)
	}
	if good == 0 {
		return out, first
	}
	return out, nil
}

func (l *Laptop) forward(ctx context.Context, courier Courier, f foundBundle) (StickTaken, error) {
	t := StickTaken{StickFound: l.describe(f)}
	if err := l.unfit(f); err != nil {
		return t, err
	}
	rep, err := courier.Forward(ctx, f.data)
	if rep != nil {
		t.Person, t.Records, t.Joined, t.Known, t.Rejected = rep.Person, rep.Records, rep.Joined, rep.Known, rep.Rejected
		t.Renumbered = rep.Renumbered
		t.Photos, t.PhotosRefused, t.PhotosDamaged, t.PhotosEarly = rep.Photos.Arrived, rep.Photos.Refused, rep.Photos.Damaged, rep.Photos.Early
		if village := ledger.Area(rep.Scope); ledger.IsVillage(village) {
			t.Village, t.VillageName = village, placeName(village)
		}
		if rep.Problem != nil {
			t.Told = problemOf(rep.Problem)
		}
	}
	if err != nil {
		return t, err
	}
	if err := envelope.Write(stickDisk(), envelope.AnswerName(f.path), rep.File); err != nil {
		return t, unwritable(f.path, err)
	}
	t.Answer, t.Taken = filepath.Base(envelope.AnswerName(f.path)), true
	return t, nil
}

// StickList lists the bundles of villages in a folder, with what can be told
// without opening them.
func (l *Laptop) StickList(path string) ([]StickFound, error) {
	found, err := findBundles([]string{path}, envelope.Up)
	if err != nil {
		return nil, err
	}
	out := []StickFound{}
	for _, f := range found {
		out = append(out, l.describe(f))
	}
	return out, nil
}

func (l *Laptop) describe(f foundBundle) StickFound {
	out := StickFound{File: f.path, Name: filepath.Base(f.path), Bytes: len(f.data), Made: f.head.Created, Taken: stickDisk().Exists(envelope.AnswerName(f.path))}
	if code, _, _ := strings.Cut(out.Name, "-"); ledger.IsVillage(ledger.Area(code)) {
		out.Village = ledger.Area(code)
		out.VillageName = placeName(out.Village)
	}
	if err := l.unfit(f); err != nil {
		out.Problem = problemOf(err)
	}
	return out
}

// unfit is why a bundle cannot be handed in here, nil if it can.
func (l *Laptop) unfit(f foundBundle) error {
	switch {
	case f.err != nil:
		return f.err
	case f.head.Kind != envelope.Up:
		return &syncproto.Error{Code: syncproto.CodeFileKind, Message: "这不是村里交来的数据包",
			Hint: "名字里有 huizhi 的是回执，给村里读的；首份数据是给新电脑的。请另选一个。"}
	case f.head.Township != l.Book.Identity().Township:
		return &syncproto.Error{Code: syncproto.CodeTownship, Message: "这是另一个乡镇(街道)的数据包", Hint: "请交给它自己的乡镇(街道)。"}
	}
	return nil
}

// JoinByStick enrols this laptop with a first copy that the township made, and
// the code that opens it. It fails with CodeExists if the folder is another's,
// and the errors of syncer.Welcome; after those it may be repeated.
func JoinByStick(o Options, path, code, device, password string) (*Laptop, error) {
	data, err := readStick(path)
	if err != nil {
		return nil, err
	}
	return joinFirst(o, data, code, device, password)
}

func joinFirst(o Options, data []byte, code, device, password string) (*Laptop, error) {
	if err := goodPassword(password); err != nil {
		return nil, err
	}
	if _, err := syncer.OpenFirstCopy(data, code); err != nil {
		return nil, err
	}
	return enrol(o, password, func(store *boltstore.Store) error {
		_, err := syncer.Welcome(syncer.Over(store), data, code, syncer.JoinOptions{
			Now: func() int64 { return o.Now().UnixMilli() }, Rand: o.Rand,
			Keep: func(tx syncer.Tx, rep *syncproto.JoinReply) error {
				return putSetting(tx, identitySetting, identityOf(rep, device))
			},
		})
		return err
	})
}
