package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gridbook/syncproto"
)

// The exit codes of wrong calls and wrong input, as programs see them.
func TestExitCodesOfCommands(t *testing.T) {
	d := newDesk(t)
	nowhere := filepath.Join(t.TempDir(), "nowhere", "out.xlsx")
	for _, c := range []struct {
		stdin, line, code string
		want              int
	}{
		{"", "get zzz", "usage", exitUsage},
		{"", "get 065svpb80000q000003g", "not_found", exitFailed},
		{"", "retry zzz", "usage", exitUsage},
		{"", "resolve zzz phone --take 1", "usage", exitUsage},
		{"", "merge zzz zzz", "usage", exitUsage},
		{"", "report monthly", "usage", exitUsage},
		{"", "report monthly --month 2024-13", "field", exitInput},
		{"", "list household --filter nonsense", "usage", exitUsage},
		{"", "list matter --state open", "", exitDone},
		{"", "list matter --state closed --filter unsent", "", exitDone},
		{"", "export household " + nowhere, "not_found", exitFailed},
		{`{"op":"put","collection":"pig","fields":{}}`, "apply -", "not_found", exitInput},
		{`{"op":"set","id":"065svpb80000q000003g","fields":{"phone":"1"}}`, "apply -", "not_found", exitInput},
		{`{"op":"delete","id":"zzz"}`, "apply -", "not_found", exitInput},
	} {
		got, out, errs := d.run(c.stdin, strings.Fields(c.line)...)
		if got != c.want || c.code != "" && !strings.Contains(errs, `"code":"`+c.code+`"`) {
			t.Errorf("%s %s: exit %d, want %d; %s%s", c.line, c.stdin, got, c.want, out, errs)
		}
	}
}

func TestWhyAFileIsNotWritten(t *testing.T) {
	said := &syncproto.Error{Code: syncproto.CodeNotFound}
	for _, c := range []struct {
		err  error
		want syncproto.Code
	}{
		{&fs.PathError{Op: "write", Err: syscall.ENOSPC}, syncproto.CodeDiskFull},
		{fmt.Errorf("pack: %w", &fs.PathError{Op: "write", Err: syscall.ENOSPC}), syncproto.CodeDiskFull},
		{&fs.PathError{Op: "open", Err: syscall.EACCES}, syncproto.CodeNotAllowed},
		{&fs.PathError{Op: "open", Err: syscall.EROFS}, syncproto.CodeNotAllowed},
		{&os.LinkError{Op: "rename", Err: syscall.ENOENT}, syncproto.CodeNotFound},
		{said, syncproto.CodeNotFound},
		{errors.New("a mistake of the program"), syncproto.CodeInternal},
		{nil, ""},
	} {
		if got := syncproto.CodeOf(notWritten("out.xlsx", c.err)); got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
	}
}
