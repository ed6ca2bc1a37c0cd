package importer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"gridbook/syncproto"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// readCSV reads comma, semicolon or tab separated text in UTF-8 with or
// without a byte order mark, UTF-16 with one, or GB18030.
func readCSV(name string, data []byte) ([]sheet, error) {
	text, err := decodeText(data)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = separator(text)
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	r.ReuseRecord = true
	s := sheet{name: name}
	cells, within := 0, 0 // within: line breaks inside cells so far; a spreadsheet does not count them
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, damaged(err)
		}
		line, _ := r.FieldPos(0)
		row := sheetRow{number: line - within}
		for i, text := range fields {
			within += strings.Count(text, "\n")
			if text = clean(text); text != "" {
				if i >= maxCols || len(text) > maxText {
					return nil, tooLarge("一行太长")
				}
				row.put(i, cell{text: strings.Clone(text)})
				cells++
			}
		}
		if len(row.cells) > 0 {
			s.rows = append(s.rows, row)
		}
		if len(s.rows) > maxRows || cells > maxCells {
			return nil, tooLarge("行数太多")
		}
	}
	return []sheet{s}, nil
}

func damaged(err error) error {
	return &syncproto.Error{Code: syncproto.CodeInput, Message: "文件损坏,读不出来", Hint: "请用 WPS 或 Excel 打开看看;打得开就另存一份再导入,打不开请找原来的文件", Err: err}
}

func decodeText(data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		text, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if err != nil {
			return nil, damaged(err)
		}
		return text, nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, notATable("这不是表格文件", "请选 Excel 工作簿(*.xlsx)或 CSV 文件")
	}
	if utf8.Valid(data) {
		return data, nil
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, notATable("看不懂这个文件的文字编码", "请用 WPS 或 Excel 打开,另存为“Excel 工作簿(*.xlsx)”后再导入")
	}
	return text, nil
}

// separator is the one of comma, tab and semicolon that the first lines have
// most of.
func separator(text []byte) rune {
	head := text[:min(len(text), 4096)]
	best, most := ',', 0
	for _, sep := range ",\t;" {
		if n := bytes.Count(head, []byte(string(sep))); n > most {
			best, most = sep, n
		}
	}
	return best
}
