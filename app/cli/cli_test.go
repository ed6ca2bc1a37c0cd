package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	bolt "go.etcd.io/bbolt"

	"gridbook/app/boltstore"
	"gridbook/app/photos"
	"gridbook/app/service"
	"gridbook/syncproto"
)

// The scripts in testdata run the commands as programs of their own, with a
// clock that stands and an office that enrols whoever asks.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gridbook": func() {
		p := &Program{
			Name: "gridbook", Version: "test", Env: os.Getenv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
			Now:  func() time.Time { return time.Date(2024, 3, 5, 9, 30, 0, 0, time.FixedZone("CST", 8*3600)) },
			Rand: rand.Reader, Network: testOffice{},
			Options: func(o *service.Options) { o.KDF = boltstore.KDF{Time: 1, Memory: 8, Threads: 1} },
		}
		os.Exit(p.Run(context.Background(), os.Args[1:]))
	}})
}

// testOffice enrols a laptop with the role and scope of the environment, and
// cannot be reached otherwise.
type testOffice struct{}

func (testOffice) Join(_ context.Context, store *boltstore.Store, _, _ string, keep func(service.Setter, *syncproto.JoinReply) error) error {
	role, scope := os.Getenv("TEST_ROLE"), os.Getenv("TEST_SCOPE")
	if role == "" {
		return &syncproto.Error{Code: syncproto.CodeInvitation, Message: "这张邀请码已经用过了", Hint: "请向乡镇(街道)再要一张。"}
	}
	return store.Update(func(tx *boltstore.Tx) error {
		meta, err := tx.Meta()
		if err != nil {
			return err
		}
		meta.Replica, meta.Township = 3, scope[:9]
		if err := tx.SetMeta(meta); err != nil {
			return err
		}
		return keep(tx, &syncproto.JoinReply{Township: scope[:9], TownshipName: "新狮街道", Role: role, Scope: scope, Person: "王书记",
			RecoveryKey: os.Getenv("TEST_RECOVERY")})
	})
}

func (testOffice) Syncer(*boltstore.Store, service.Heard) (service.Syncer, error) { return away{}, nil }

type away struct{}

func (away) SyncNow(context.Context) (service.SyncDone, error) {
	return service.SyncDone{}, &syncproto.Error{Code: syncproto.CodeUnreachable}
}
func (away) Run(ctx context.Context)    { <-ctx.Done() }
func (away) Wake()                      {}
func (away) Status() service.SyncStatus { return service.SyncStatus{Phase: service.SyncOffline} }
func (away) Close() error               { return nil }

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// visitid sets ID to the first id that a file prints.
			"visitid": func(ts *testscript.TestScript, _ bool, args []string) {
				_, rest, ok := strings.Cut(ts.ReadFile(args[0]), `"id":"`)
				if !ok || len(rest) < syncproto.StampTextSize {
					ts.Fatalf("no id in %s", args[0])
				}
				ts.Setenv("ID", rest[:syncproto.StampTextSize])
			},
			// spoilphotos damages a chunk of the photos on the disk.
			"spoilphotos": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Check(spoilChunk(filepath.Join(ts.Getenv("GRIDBOOK_DATA"), photos.FileName)))
			},
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("INVITATION", syncproto.Invitation{
				Address: "http://127.0.0.1:1", Secret: make([]byte, syncproto.SecretSize), Township: "330702009",
			}.String())
			env.Setenv("GRIDBOOK_DATA", env.WorkDir+"/data")
			env.Setenv("GRIDBOOK_PASSWORD", "沙溪村2024")
			env.Setenv("TEST_ROLE", "village")
			env.Setenv("TEST_SCOPE", "330702009217")
			env.Setenv("TEST_RECOVERY", "age1re3tk2yq8lzdyty4ewpczm6rakskyskgne5fmvmk9vx3ujw48f2svwlwqu")
			if err := writePicture(filepath.Join(env.WorkDir, "wall.jpg")); err != nil {
				return err
			}
			// What programs of the nineties write begins like this.
			old := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 504)
			return os.WriteFile(filepath.Join(env.WorkDir, "old.xls"), []byte(old), 0o600)
		},
	})
}

// writePicture writes a picture as a camera might.
func writePicture(path string) error {
	m := image.NewGray(image.Rect(0, 0, 2000, 1500))
	for i := range m.Pix {
		m.Pix[i] = byte(i / 7)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o600)
}

// spoilChunk changes a byte of the first chunk in a file of photos.
func spoilChunk(path string) error {
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("chunks"))
		k, v := b.Cursor().First()
		v = bytes.Clone(v)
		v[len(v)/2] ^= 1
		return b.Put(bytes.Clone(k), v)
	})
	return errors.Join(err, db.Close())
}

func TestExitCodes(t *testing.T) {
	for code, want := range map[syncproto.Code]int{
		syncproto.CodeUsage: 2, syncproto.CodePassword: 3, syncproto.CodeRevoked: 3, syncproto.CodeInvitation: 3,
		syncproto.CodeUnreachable: 4, syncproto.CodeBusy: 4, syncproto.CodeNotOurs: 4,
		syncproto.CodeField: 5, syncproto.CodeFileKind: 5, syncproto.CodeDamaged: 5, syncproto.CodeInput: 5,
		syncproto.CodeInternal: 1, syncproto.CodeLocked: 1, syncproto.CodeDiskFull: 1, syncproto.CodeNotFound: 1,
	} {
		if got := exitOf(code); got != want {
			t.Errorf("exit code of %s = %d, want %d", code, got, want)
		}
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	for _, cmd := range commands() {
		if cmd.summary == "" || cmd.example == "" || cmd.run == nil {
			t.Errorf("%s: summary %q, example %q", cmd.name, cmd.summary, cmd.example)
		}
	}
}
