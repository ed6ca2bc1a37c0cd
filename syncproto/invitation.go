package syncproto

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"unicode"

	"github.com/vmihailenco/msgpack/v5"
)

// Invitation is what a township hands to a person, as one line of text: where
// the hub is, how to know it, and the right to enrol one device.
type Invitation struct {
	// Address is the hub's URL without a path: https://HOST:PORT, or
	// http://HOST:PORT for a hub on the same machine.
	Address string
	// Certificate is the SHA-256 of the hub's certificate in DER form; nil
	// if and only if Address is http.
	Certificate []byte
	// Secret is good for one enrolment, SecretSize bytes.
	Secret []byte
	// Township is the 9-digit code of the township that invites.
	Township string
}

// SecretSize is the length of an invitation's secret in bytes.
const SecretSize = 16

const (
	invitationPrefix   = "gridbook1:"
	invitationChecksum = 4
	maxInvitation      = 1024
	invitationParts    = 4
)

// String returns the line: "gridbook1:", then in base64url without padding a
// msgpack array of address, certificate, secret and township, followed by the
// first 4 bytes of the array's SHA-256, so that a line copied in part is told
// from a wrong one.
func (v Invitation) String() string {
	var buf bytes.Buffer
	enc := msgpack.NewEncoder(&buf)
	// Writing to a bytes.Buffer cannot fail.
	_ = enc.EncodeArrayLen(invitationParts)
	_ = enc.EncodeString(v.Address)
	_ = enc.EncodeBytes(v.Certificate)
	_ = enc.EncodeBytes(v.Secret)
	_ = enc.EncodeString(v.Township)
	sum := sha256.Sum256(buf.Bytes())
	buf.Write(sum[:invitationChecksum])
	return invitationPrefix + base64.RawURLEncoding.EncodeToString(buf.Bytes())
}

// ParseInvitation reads a line made by String. White space within it, as chat
// programs add when they wrap lines, does not matter. Every error has
// CodeInvitation.
func ParseInvitation(text string) (Invitation, error) {
	if len(text) > 4*maxInvitation {
		return Invitation{}, badInvitation("太长，不是一行邀请码")
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' {
			return -1
		}
		return r
	}, text)
	body, ok := strings.CutPrefix(text, invitationPrefix)
	if !ok {
		return Invitation{}, badInvitation("邀请码应以 " + invitationPrefix + " 开头")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(body, "="))
	if err != nil || len(raw) > maxInvitation || len(raw) <= invitationChecksum {
		return Invitation{}, badInvitation("邀请码不完整")
	}
	packed, sum := raw[:len(raw)-invitationChecksum], sha256.Sum256(raw[:len(raw)-invitationChecksum])
	if !bytes.Equal(sum[:invitationChecksum], raw[len(packed):]) {
		return Invitation{}, badInvitation("邀请码不完整或有错字")
	}
	v, err := unpackInvitation(packed)
	if err != nil {
		return Invitation{}, err
	}
	return v, v.check()
}

// unpackInvitation reads the array; packed is at most maxInvitation bytes, so
// that no length in it can ask for more.
func unpackInvitation(packed []byte) (v Invitation, err error) {
	r := bytes.NewReader(packed)
	dec := msgpack.NewDecoder(r)
	n, err := dec.DecodeArrayLen()
	if err != nil || n != invitationParts {
		return v, badInvitation("邀请码的内容读不懂")
	}
	var errs [invitationParts]error
	v.Address, errs[0] = dec.DecodeString()
	v.Certificate, errs[1] = dec.DecodeBytes()
	v.Secret, errs[2] = dec.DecodeBytes()
	v.Township, errs[3] = dec.DecodeString()
	for _, err := range errs {
		if err != nil {
			return Invitation{}, badInvitation("邀请码的内容读不懂")
		}
	}
	if r.Len() != 0 {
		return Invitation{}, badInvitation("邀请码的内容读不懂")
	}
	return v, nil
}

func (v Invitation) check() error {
	u, err := url.Parse(v.Address)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return badInvitation("邀请码里的服务器地址不对")
	}
	switch {
	case len(v.Secret) != SecretSize, len(v.Township) != 9:
		return badInvitation("邀请码的内容不对")
	case u.Scheme == "https" && len(v.Certificate) == sha256.Size:
		return nil
	case u.Scheme == "http" && len(v.Certificate) == 0:
		return nil
	}
	return badInvitation("邀请码里的服务器地址或证书不对")
}

func badInvitation(why string) error {
	return &Error{
		Code:    CodeInvitation,
		Message: why + "。",
		Hint:    "请把整行邀请码完整复制后再试；还是不行，就请乡镇（街道）重新发一个。",
	}
}
