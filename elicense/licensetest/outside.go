package licensetest

import (
	"bytes"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
)

// OutsideType is the code of a type that is not built in.
const OutsideType = "11980000MB7QX10264777"

// Outside are the files of a type that is not built in: one that is, under another number; texts are replaced in pairs.
func Outside(t testing.TB, replace ...string) map[string][]byte {
	t.Helper()
	built, _ := catalog.Find(OutsideType[:18] + "001")
	old, err := catalog.ParseID(built.Sample.First(catalog.KeyLicenseID))
	if err != nil {
		t.Fatal(err)
	}
	id, err := catalog.MakeID(OutsideType, old.IssuerCode, old.Serial, 1)
	if err != nil {
		t.Fatal(err)
	}
	files := built.Files()
	for name := range files {
		files[name] = bytes.ReplaceAll(files[name], []byte(old.String()), []byte(id.String()))
		files[name] = bytes.ReplaceAll(files[name], []byte(built.Code), []byte(OutsideType))
		for i := 0; i+1 < len(replace); i += 2 {
			files[name] = bytes.ReplaceAll(files[name], []byte(replace[i]), []byte(replace[i+1]))
		}
	}
	return files
}
