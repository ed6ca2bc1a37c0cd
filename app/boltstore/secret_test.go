package boltstore

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"

	"filippo.io/age"
	"golang.org/x/text/encoding/simplifiedchinese"

	"gridbook/syncproto"
)

// TestFolderGivesNothingAway writes what is personal by every way into the
// store and looks for it in all files of the data folder.
func TestFolderGivesNothingAway(t *testing.T) {
	secrets := []string{
		"章丽华", "33070219650412302X", "13905791234", "新狮街道沙溪村东青路18号3幢201室",
		"老人腰痛，想办慢性病证，儿子在义乌打工", "低保边缘", "draft/visit/章丽华", password, "王书记", "林副书记的密码7",
	}
	dir, o := t.TempDir(), options(nil)
	identity, err := age.GenerateX25519Identity()
	check(t, err)
	s, err := CreateFor(dir, secrets[8], password, o)
	check(t, err)
	check(t, s.SetRecovery(identity.Recipient().String()))
	check(t, s.AddPerson("林副书记", secrets[9]))
	check(t, s.Update(func(tx *Tx) error {
		r := visit(7, 1, at(1), 5)
		for i, secret := range secrets {
			r.Write(syncproto.Tag(20+i), r.ID, syncproto.TextOf(secret))
			r.Write(syncproto.Tag(40+i), r.ID, syncproto.BytesOf([]byte(secret)))
			r.Write(syncproto.Tag(60+i), r.ID, syncproto.ListOf(secret, secret))
			if err := tx.PutSetting(secret, []byte(secret)); err != nil {
				return err
			}
		}
		d := &syncproto.Delta{Record: r, Order: 1, Rejected: &syncproto.Rejection{Key: r.Key, Code: syncproto.CodeField, Message: secrets[0]}}
		if err := tx.PutDelta(r.Key, d); err != nil {
			return err
		}
		return tx.PutAgreed(r.Key, r, 1)
	}))
	check(t, s.Update(func(tx *Tx) error {
		meta, err := tx.Meta()
		meta.Township, meta.Token = secrets[3], []byte(secrets[1])
		meta.Pending = &syncproto.Upload{Batch: []byte(secrets[4])}
		if err != nil {
			return err
		}
		return tx.SetMeta(meta)
	}))
	check(t, s.Copy())
	check(t, s.Backup(filepath.Join(dir, "backup.db")))
	search := func(when string) {
		entries, err := os.ReadDir(dir)
		check(t, err)
		for _, e := range entries {
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			check(t, err)
			for _, secret := range append(secrets, "林副书记", string(s.seal.key)) {
				for _, form := range forms(t, secret) {
					if bytes.Contains(b, form) {
						t.Errorf("%s: %s holds %q as %x", when, e.Name(), secret, form)
					}
				}
			}
		}
	}
	search("open")
	check(t, s.Close())
	search("closed")
}

// forms are the ways in which a text may lie in a file; of a long one also
// its beginning, in case it is broken over two pages.
func forms(t *testing.T, s string) (out [][]byte) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
	if err != nil {
		gb = []byte(s) // the data key is no text
	}
	var big, little []byte
	for _, u := range utf16.Encode([]rune(s)) {
		big, little = binary.BigEndian.AppendUint16(big, u), binary.LittleEndian.AppendUint16(little, u)
	}
	for _, whole := range [][]byte{[]byte(s), gb, big, little} {
		for _, b := range [][]byte{whole, whole[:min(len(whole), 9)], whole[max(0, len(whole)-9):]} {
			out = append(out, b, fmtHex(b), []byte(base64.StdEncoding.EncodeToString(b[:len(b)/3*3])))
		}
	}
	return out
}

func fmtHex(b []byte) []byte { return []byte(hex.EncodeToString(b)) }
