package envelope

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"filippo.io/age"
)

// letters of a code: none that looks like another. 32 of them carry 5 bits
// each.
const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

const (
	codeLetters = 12 // 60 bits
	codeGroup   = 4
)

// workFactor is the logarithm of scrypt's cost: 32 MB of memory, which every
// village laptop has. The codes are drawn by chance and need no more.
const workFactor = 15

// NewCode draws a code that opens one first copy, such as 7KQM-X2PA-9RTD.
func NewCode(random io.Reader) (string, error) {
	b := make([]byte, codeLetters)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("envelope: draw a code: %w", err)
	}
	var out strings.Builder
	for i, c := range b {
		if i > 0 && i%codeGroup == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(letters[c%byte(len(letters))])
	}
	return out.String(), nil
}

// plainCode is a code without what people put between or around its letters:
// spaces, dashes of any kind, small or wide letters.
func plainCode(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' { // wide forms, as Chinese keyboards type them
			r -= '！' - '!'
		}
		r = unicode.ToUpper(r)
		if strings.ContainsRune(letters, r) {
			return r
		}
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == '_' {
			return -1
		}
		return r
	}, code)
}

// ToCode returns the receiver who knows a code.
func ToCode(code string) (age.Recipient, error) {
	r, err := age.NewScryptRecipient(plainCode(code))
	if err != nil {
		return nil, fmt.Errorf("envelope: code: %w", err)
	}
	r.SetWorkFactor(workFactor)
	return r, nil
}

// ByCode returns the key that a code stands for.
func ByCode(code string) (age.Identity, error) {
	id, err := age.NewScryptIdentity(plainCode(code))
	if err != nil {
		return nil, notForUs(FirstCopy, err) // an empty code
	}
	id.SetMaxWorkFactor(workFactor + 1)
	return id, nil
}
