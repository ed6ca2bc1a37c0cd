package service

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gridbook/syncproto"
)

// A backup that was cut off, or is none, is called so; nothing is said of the
// laptop's own file, which is not there.
func TestRestoreOfWhatIsNoBackup(t *testing.T) {
	l, c := joinedLaptop(t, secretary())
	settle(t, l.Book)
	whole := filepath.Join(t.TempDir(), "备份.gridbackup")
	if err := l.Store.Backup(whole); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"torn": data[:len(data)/2], "a few bytes": data[:100], "empty": nil, "another file": []byte(strings.Repeat("网格", 5000)),
	} {
		file := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		o := options(t, c, secretary())
		err := Restore(o, file, password)
		wantCode(t, name, err, syncproto.CodeDamaged)
		var said *syncproto.Error
		if errors.As(err, &said) && !strings.Contains(said.Message, "备份") {
			t.Errorf("%s: said %q", name, said.Message)
		}
		if o.enrolled() {
			t.Errorf("%s: a store was made of it", name)
		}
	}
	o := options(t, c, secretary())
	wantCode(t, "a wrong password", Restore(o, whole, "不对的密码"), syncproto.CodePassword)
	if err := Restore(o, whole, password); err != nil {
		t.Errorf("the whole backup into the same folder: %v", err)
	}
}
