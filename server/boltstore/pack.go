package boltstore

import (
	"bytes"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"

	"gridbook/syncproto"
)

// rowVersion is the first byte of every packed value. A change of a row's
// meaning takes the next number; a new column is added at a row's end.
const rowVersion = 1

// packRow encodes columns as a version byte and a msgpack array.
func packRow(columns ...any) ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteByte(rowVersion)
	enc := msgpack.GetEncoder()
	defer msgpack.PutEncoder(enc)
	enc.Reset(&buf)
	enc.UseCompactInts(true)
	if err := enc.EncodeArrayLen(len(columns)); err != nil {
		return nil, err
	}
	for _, c := range columns {
		if err := enc.Encode(c); err != nil {
			return nil, err
		}
	}
	return buf.Bytes(), nil
}

// unpackRow decodes what packRow made into pointers. Columns that an older
// program did not write stay as they are.
func unpackRow(b []byte, columns ...any) error {
	if len(b) == 0 || b[0] != rowVersion {
		return damaged("a row of an unknown version")
	}
	dec := msgpack.GetDecoder()
	defer msgpack.PutDecoder(dec)
	dec.Reset(bytes.NewReader(b[1:]))
	n, err := dec.DecodeArrayLen()
	if err != nil || n < 0 || n > len(columns) {
		return damaged("a row of %d columns, want at most %d: %v", n, len(columns), err)
	}
	for i := range n {
		if err := dec.Decode(columns[i]); err != nil {
			return damaged("column %d of a row: %v", i, err)
		}
	}
	return nil
}

func damaged(format string, args ...any) error {
	return &syncproto.Error{
		Code:    syncproto.CodeDamaged,
		Message: "服务器的数据文件有损坏。",
		Hint:    "请停止服务，用最近一次的备份执行 gridbookd restore，各村电脑会自动补齐备份之后的数据；损坏的文件请留着备查。",
		Err:     fmt.Errorf(format, args...),
	}
}
