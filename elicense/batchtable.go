package elicense

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
)

// fileName is a name for people: its first 100 characters without directions and controls.
func fileName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x200b && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if runes := []rune(name); len(runes) > 100 {
		name = string(runes[:100])
	}
	return name
}

func (s *Service) readTable(content []byte, kind BatchKind, t *catalog.Type, format batchfile.Format, encoding batchfile.Encoding) (table batchfile.Table, err error) {
	switch {
	case format != batchfile.Archive:
		table, err = batchfile.Read(content, format, encoding)
	case kind == BatchImport:
		table, err = s.documentTable(content, t)
	default:
		err = batchfile.ErrFormat
	}
	if err != nil {
		return batchfile.Table{}, tableFault(err, format, batchfile.MaxRows)
	}
	return table, nil
}

// tableFault says what is wrong with a file, of so many rows at most.
func tableFault(err error, format batchfile.Format, most int) error {
	switch {
	case errors.Is(err, batchfile.ErrTooLarge) && format == batchfile.Archive:
		return fault.Wrap(err, fault.TooLarge, "limit", fmt.Sprintf("%d MiB / %d OFD", batchfile.MaxOctets>>20, batchfile.MaxArchived))
	case errors.Is(err, batchfile.ErrTooLarge):
		return fault.Wrap(err, fault.TooLarge, "limit", fmt.Sprintf("%d MiB / %d", batchfile.MaxOctets>>20, most))
	case errors.Is(err, batchfile.ErrEncoding):
		return fault.Wrap(err, fault.BatchEncoding).WithField("file", fault.BatchEncoding)
	}
	return fault.Wrap(err, fault.BatchFile).WithField("file", fault.BatchFile)
}

func batchPlace(id string) []byte { return []byte("lic_batch_file|data|" + id) }

// table decrypts and reads the file of a batch.
func (s *Service) table(ctx context.Context, b Batch, t *catalog.Type) (batchfile.Table, error) {
	file, err := s.cfg.Store.FindBatchFile(ctx, b.ID)
	if err != nil {
		return batchfile.Table{}, storeFault(err, "find file of batch")
	}
	cipher, err := s.cfg.Keys.Cipher(ctx, keys.UsageFieldCipher, file.Key)
	if err != nil {
		return batchfile.Table{}, storeFault(err, "find key of batch")
	}
	content, err := cipher.Open(ctx, file.Data, batchPlace(b.ID))
	if err != nil {
		return batchfile.Table{}, storeFault(err, "decrypt batch")
	}
	return s.readTable(content, b.Kind, t, b.Format, b.Encoding)
}

// application takes the values of a row.
func (b Batch) application(t *catalog.Type, row batchfile.Row) Application {
	get := func(key string) string {
		if i := slices.Index(b.Columns, b.Mapping[key]); i >= 0 && i < len(row.Cells) {
			return row.Cells[i]
		}
		return ""
	}
	a := Application{BusinessNumber: get(KeyBusiness), TypeCode: b.TypeCode, AuthorityCode: b.AuthorityCode, LicenseNumber: get(catalog.KeyLicenseNumber),
		EffectiveDate: dateOf(get(catalog.KeyEffectiveDate)), ExpiringDate: dateOf(get(catalog.KeyExpiringDate)), Fields: map[string]string{}}
	if slices.Contains([]string{"长期", "長期", "99991231"}, a.ExpiringDate) {
		a.ExpiringDate = ""
	}
	for _, f := range t.Fields {
		if !f.Own {
			continue
		}
		value := get(f.Key)
		if f.Kind == catalog.KindDate {
			value = dateOf(value)
		}
		if value != "" {
			a.Fields[f.Key] = value
		}
	}
	names, codes, kinds := parts(get(catalog.KeyHolderName)), parts(get(catalog.KeyHolderCode)), parts(get(catalog.KeyHolderType))
	for i := range max(len(names), len(codes), len(kinds)) {
		h := Holder{Name: at(names, i), Code: at(codes, i), CodeType: holderType(at(kinds, i))}
		if b.Mapping[catalog.KeyHolderType] == "" && len(t.HolderCodeTypes) == 1 {
			h.CodeType = t.HolderCodeTypes[0]
		}
		a.Holders = append(a.Holders, h)
	}
	return a
}

func parts(cell string) []string {
	if cell == "" {
		return nil
	}
	list := strings.Split(cell, batchfile.Separator)
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// holderType is the code of a kind of holder code, which files also name in words.
func holderType(word string) string {
	for _, entry := range catalog.Default().HolderCodeTypes() {
		for _, name := range entry.Name {
			if word == name {
				return entry.Code
			}
		}
	}
	return word
}

// dateOf brings the ways in which spreadsheets write a date to YYYYMMDD, and leaves what is none.
func dateOf(cell string) string {
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日"} {
		if at, err := time.Parse(layout, cell); err == nil {
			return at.Format("20060102")
		}
	}
	return cell
}
